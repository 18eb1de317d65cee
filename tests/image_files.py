"""What the tests of files and pictures share: settings of a storage, and image files made on the spot."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from hmi.settings import Storage, load_settings

PREFIX = r"E:\images"


def storage_of(source: str | Path, *, prefix: str = PREFIX, root: dict | None = None, **changes) -> Storage:
    """A storage with one root; `changes` are keys of the section storage."""
    return storage_with([{"prefix": prefix, "source": str(source), **(root or {})}], **changes)


def storage_with(roots: list[dict], **changes) -> Storage:
    return load_settings(environment={}, storage={"roots": roots, **changes}).storage


def surface(width: int = 640, height: int = 480, seed: int = 1) -> Image.Image:
    """A grey surface with grain, as a camera sees a casting."""
    grain = np.random.default_rng(seed).integers(90, 140, (height, width), dtype=np.uint8)
    return Image.fromarray(grain)


def encoded(picture: Image.Image, form: str = "JPEG", **options) -> bytes:
    target = io.BytesIO()
    picture.save(target, form, **options)
    return target.getvalue()


def jpeg(width: int = 640, height: int = 480, seed: int = 1) -> bytes:
    return encoded(surface(width, height, seed), quality=85)


def decoded(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture
