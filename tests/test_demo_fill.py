"""Filling a plant with many rows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from hmi.demo import (
    DemoPlant,
    fill,
    make_plant,
)
from hmi.demo.ledger import FIRST_IDS
from hmi.plant.tables import (
    DEFECTS,
    IMAGES,
    TRIGGERS,
)
from tests.demo_rows import count, rows


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{(tmp_path / 'plant.db').as_posix()}"
    make_plant(address)
    return address


@pytest.fixture
def plant(url: str, tmp_path: Path) -> Iterator[DemoPlant]:
    demo = DemoPlant(url, tmp_path / "images", picture_px=640)
    yield demo
    demo.close()


def test_filling_makes_every_row_with_its_parent(url: str) -> None:
    fill(url, 40, cameras=5, defects_per_image=3)
    assert (count(url, TRIGGERS), count(url, IMAGES), count(url, DEFECTS)) == (40, 200, 600)
    assert whole(url)


def test_filling_goes_on_where_the_ids_stand(url: str, plant: DemoPlant) -> None:
    part = plant.part(pictures=False)
    fill(url, 10)
    assert (count(url, TRIGGERS), whole(url)) == (11, True)
    assert plant.part(pictures=False).trigger == part.trigger + 11


@pytest.mark.postgres
def test_postgres_fills_itself_and_keeps_keys_and_sequences(postgres_url: str, tmp_path: Path) -> None:
    fill(postgres_url, 60, cameras=6, defects_per_image=2)
    assert (count(postgres_url, IMAGES), count(postgres_url, DEFECTS), whole(postgres_url)) == (
        360,
        720,
        True,
    )
    demo = DemoPlant(postgres_url, tmp_path, cameras=6, picture_px=640)
    assert demo.part(pictures=False).trigger == FIRST_IDS["Triggers"] + 60
    demo.close()
    keys = text("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated")
    assert rows(postgres_url, keys) == [(3,)]


@pytest.mark.postgres
def test_both_databases_are_filled_with_the_same_kind_of_paths(postgres_url: str, url: str) -> None:
    pattern = (
        r"E:\\images/(\d\d-\d\d-\d{4})/\d\d/1/\1_\d\d-\d\d-\d\d-\d{6}_1-\d_DM0DEMO0000\d"
        r"_39MC_[0-9a-f]{32}_1_38A\d{11}RFML3P 7006 MC\.jpg"
    )
    for address in (postgres_url, url):
        fill(address, 5)
        found = [path for (path,) in rows(address, select(IMAGES.c.image))]
        assert len(set(found)) == 25
        for path in found:
            assert re.fullmatch(pattern, path)


def whole(url: str) -> bool:
    """No image without its trigger, no defect without its image, no camera twice on a trigger."""
    orphans = rows(url, select(func.count()).where(DEFECTS.c.image.not_in(select(IMAGES.c.id))))
    lost = rows(url, select(func.count()).where(IMAGES.c.trigger.not_in(select(TRIGGERS.c.id))))
    twice = rows(
        url, select(IMAGES.c.trigger).group_by(IMAGES.c.trigger, IMAGES.c.camera).having(func.count() > 1)
    )
    return (orphans, lost, twice) == ([(0,)], [(0,)], [])
