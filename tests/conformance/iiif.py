"""The public validator of the IIIF Image API, level 2 of 3.0, for a JPEG and for a PNG.

It wants an image of 1000 × 1000 px in a hundred squares, whose colours it knows: made here from its own list.
It needs libmagic on the machine.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from hmi.plant.tables import IMAGES
from tests.conformance.environment import environment
from tests.plants import VisionSystem
from tests.servers import Server
from tests.waiting import until

COLOURS = """
import json, sys
from iiif_validator.validator import ValidationInfo
json.dump(ValidationInfo().colorInfo, open(sys.argv[1], "w"))
"""
SQUARE_PX = 100
FORMS = ("JPEG", "PNG")


def run() -> bool:
    """Whether the server passes every check of level 2. CORS belongs to it, so it is switched on."""
    programs = environment("iiif")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plant = VisionSystem(f"sqlite:///{folder / 'plant.db'}")
        plant.build()
        plant.part(defects=0, images=len(FORMS))
        _write_images(folder / "images", _squares(programs, folder))
        with Server(folder / "server", plant.url, images=folder / "images", iiif={"cors": True}) as server:
            passed = [_passes(server, programs, image) for image in plant.ids(IMAGES.name)]
            complaints = server.complaints()
    print(*complaints, sep="\n")
    return all(passed) and not complaints


def _passes(server: Server, programs: Path, image: int) -> bool:
    until(lambda: server.get(f"/iiif/3/{image}/info.json").status == 200, 30)
    place = ["-s", f"127.0.0.1:{server.port}", "-p", "iiif/3", "-i", str(image)]
    command = [programs / "python", programs / "iiif-validate.py", *place, "--version=3.0", "--level=2"]
    return subprocess.run(command, check=False).returncode == 0


def _squares(programs: Path, folder: Path) -> Image.Image:
    """The column comes first in the validator's list."""
    file = folder / "colours.json"
    subprocess.run([programs / "python", "-c", COLOURS, file], check=True, capture_output=True)
    colours = np.array(json.loads(file.read_text(encoding="utf-8")), dtype=np.uint8)
    by_row = colours.transpose(1, 0, 2)
    return Image.fromarray(by_row.repeat(SQUARE_PX, axis=0).repeat(SQUARE_PX, axis=1))


def _write_images(images: Path, picture: Image.Image) -> None:
    """Where the plant's rows say; what a file is called says nothing about its format."""
    folder = images / "05-08-2025" / "09" / "1"
    folder.mkdir(parents=True)
    for number, form in enumerate(FORMS, 1):
        picture.save(folder / f"1_CAM{number}.jpg", form)
