"""What the worker watches is bounded: a share that lost its files for ever costs nothing that grows."""

from pathlib import Path

import pytest

from hmi import watching
from hmi.pictures.gallery import Gallery
from hmi.pictures.watches import Pace
from hmi.plant.files import ImageFiles
from hmi.store.runs import Image
from hmi.watching import Watching
from tests.image_files import jpeg, storage_of
from tests.waiting import until

QUICK = Pace(first_s=0.05, waiting_s=0.1, whole_s=0.1)


@pytest.fixture
def gallery(tmp_path):
    (tmp_path / "images").mkdir()
    storage = storage_of(tmp_path / "images", cache_folder=str(tmp_path / "cache"))
    files = ImageFiles(storage)
    gallery = Gallery(files, storage, QUICK)
    yield gallery
    gallery.close()
    files.close()


def image(number: int) -> Image:
    return Image(generation=1, id=number, path=rf"E:\images\{number}.jpg")


class Followed:
    """Watched images, their files, and what was told of them."""

    def __init__(self, gallery: Gallery, folder: Path) -> None:
        self._gallery = gallery
        self._folder = folder
        self.watching = Watching(gallery)
        self.told: list[str] = []

    def lay(self, *numbers: int, seed: int = 1) -> None:
        for number in numbers:
            (self._folder / f"{number}.jpg").write_bytes(jpeg(seed=seed))

    def is_told_of(self, *numbers: int) -> bool:
        found = self._gallery.seen()
        self.watching.note(found)
        self.told += [file.image for file in found if file.state == "whole"]
        return {str(number) for number in numbers} <= set(self.told)


@pytest.fixture
def followed(gallery, tmp_path) -> Followed:
    return Followed(gallery, tmp_path / "images")


def test_of_files_that_do_not_come_the_newest_are_looked_for(followed, monkeypatch):
    monkeypatch.setattr(watching, "AWAITED", 2)
    followed.watching.add(image(number) for number in (1, 2, 3))
    followed.lay(1, 2, 3)
    until(lambda: followed.is_told_of(2, 3))
    assert "1" not in followed.told


def test_of_files_that_came_the_newest_are_looked_at_again(followed, monkeypatch):
    monkeypatch.setattr(watching, "WHOLE", 1)
    followed.watching.add([image(1), image(2)])
    followed.lay(1, 2)
    until(lambda: followed.is_told_of(1, 2))
    last = followed.told[-1]
    followed.watching.add([])
    followed.told.clear()
    followed.lay(1, 2, seed=2)
    until(lambda: followed.is_told_of(int(last)))
    assert set(followed.told) == {last}


def test_an_image_that_is_inserted_again_is_told_of_again(followed):
    followed.watching.add([image(1)])
    followed.lay(1)
    until(lambda: followed.is_told_of(1))
    followed.told.clear()
    followed.watching.add([image(1)])
    until(lambda: followed.is_told_of(1))


def test_of_images_that_are_watched_no_more_nothing_is_told(followed):
    followed.watching.add([image(1)])
    followed.watching.close()
    followed.watching.add([image(2)])
    followed.lay(1, 2)
    until(lambda: followed.is_told_of(2))
    assert followed.told == ["2"]
