"""What stands in the headers of a piece's answer, whoever answers."""

from hashlib import sha256

from hmi.pictures.iiif.information import PROFILE
from hmi.pictures.iiif.parameters import Cut
from hmi.pictures.plates import Plate

IMMUTABLE = "private, max-age=31536000, immutable"
REVALIDATED = "private, no-cache"
TYPES = {"jpg": "image/jpeg", "png": "image/png"}
#: where other sites' pages may read images
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, ETag",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def tag_of(plate: Plate, drawn: str, made_by: str) -> str:
    """Of the content of the file, of what is drawn over it ('': nothing) and of what makes pieces."""
    return sha256(f"{plate.stamp.text}|{drawn}|{made_by}".encode()).hexdigest()[:24]


def headers_of(address: str, plate: Plate, cut: Cut, *, is_version: bool) -> dict[str, str]:
    """`address` is the absolute one of the image; `is_version`: it names one version of the file."""
    is_for_ever = is_version and cut.quality != "overlay"
    return {
        "Cache-Control": IMMUTABLE if is_for_ever else REVALIDATED,
        "Link": f'<{PROFILE}>;rel="profile", <{address}/{_canonical(plate, cut)}>;rel="canonical"',
    }


def _canonical(plate: Plate, cut: Cut) -> str:
    """The parameters as the standard wants them written."""
    window = cut.window
    is_full = (window.width, window.height) == (plate.look.width, plate.look.height)
    region = "full" if is_full else f"{window.left},{window.top},{window.width},{window.height}"
    is_max = (cut.width, cut.height) == (window.width, window.height)
    size = "max" if is_max else f"{cut.width},{cut.height}"
    turn = f"{'!' if cut.mirrored else ''}{cut.turn}"
    return f"{region}/{size}/{turn}/{cut.quality}.{cut.form}"
