"""The description of an image that viewers read first: `info.json`."""

from typing import Any

from hmi.pictures.decode import Look
from hmi.pictures.iiif.parameters import LARGEST_PX, QUALITIES, largest

CONTEXT = "http://iiif.io/api/image/3/context.json"
PROFILE = "http://iiif.io/api/image/3/level2.json"
TILE_PX = 512


def information(address: str, look: Look) -> dict[str, Any]:
    """`address` is the absolute address of the image, without a slash at its end."""
    factors = scale_factors(look.width, look.height)
    return {
        "@context": CONTEXT,
        "id": address,
        "type": "ImageService3",
        "protocol": "http://iiif.io/api/image",
        "profile": "level2",
        "width": look.width,
        "height": look.height,
        "maxWidth": LARGEST_PX,
        "maxHeight": LARGEST_PX,
        "maxArea": LARGEST_PX * LARGEST_PX,
        "sizes": sizes(look.width, look.height),
        "tiles": [{"width": TILE_PX, "height": TILE_PX, "scaleFactors": factors}],
        "preferredFormats": ["jpg"],
        "extraQualities": [quality for quality in QUALITIES[1:] if quality != "color" or look.is_coloured],
        "extraFeatures": ["canonicalLinkHeader", "mirroring", "profileLinkHeader"],
    }


def scale_factors(width: int, height: int) -> list[int]:
    """1, 2, 4 and so on, until the whole image is one tile."""
    factors = [1]
    while max(width, height) > TILE_PX * factors[-1]:
        factors.append(2 * factors[-1])
    return factors


def sizes(width: int, height: int) -> list[dict[str, int]]:
    """Of the whole image, smallest first; each is a level of its tiles."""
    found = []
    for factor in reversed(scale_factors(width, height)):
        wide, high = -(-width // factor), -(-height // factor)
        if (wide, high) == largest(wide, high):
            found.append({"width": wide, "height": high})
    return found
