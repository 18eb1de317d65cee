"""What the bytes of a file are, told before anything is decoded."""

from collections.abc import Collection

_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
)
_OTHERS = (
    (b"GIF8", "GIF"),
    (b"II+\0", "BigTIFF"),
    (b"MM\0+", "BigTIFF"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"8BPS", "PSD"),
    (b"%PDF", "PDF"),
    (b"RIFF", "WebP"),
    (b"PK\x03\x04", "ZIP"),
    (b"MZ", "EXE"),
    (b"\0\0\0\x0cjP", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
)
_MARKUP = b"<"  # SVG, HTML, XML
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
_TAIL = 65536


class PictureIncomplete(Exception):
    """The file is empty, cut off or broken. It may be on its way: another look may find it whole."""


class PictureRefused(Exception):
    """The file is whole and is never shown: its format is not allowed, or the picture is too large."""


def format_of(data: bytes, allowed: Collection[str]) -> str:
    """The name of an allowed format. Raises PictureRefused for another, PictureIncomplete for none."""
    head = data[:64]
    form = next((name for start, name in (*_SIGNATURES, *_OTHERS) if head.startswith(start)), "")
    if not form and head.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(_MARKUP):
        form = "markup"
    if form and form not in allowed:
        raise PictureRefused(f"format not allowed: {form}")
    if not form:
        raise PictureIncomplete("the file is empty or no picture")
    if not _is_ended(data, form):
        raise PictureIncomplete("the picture is incomplete")
    return form


def _is_ended(data: bytes, form: str) -> bool:
    """Whether the last bytes are those that end such a file; zeros after them are padding.

    A file whose space was taken before its content was written ends with zeros and nothing before them.
    """
    if form not in ("JPEG", "PNG"):
        return True  # their decoder notices what is missing
    tail = data[-_TAIL:].rstrip(b"\0")
    return tail.endswith(_JPEG_END if form == "JPEG" else _PNG_END)
