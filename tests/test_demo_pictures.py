"""The simulated plant: what its parts are like, and its pictures."""

import io
import itertools
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hmi.demo import (
    PREFIX,
)
from hmi.demo.agenda import Agenda
from hmi.demo.archive import Archive
from hmi.demo.pores import Pore
from hmi.demo.production import Production
from hmi.demo.studio import Studio
from hmi.demo.views import view_of

NOON = datetime(2026, 5, 8, 16, 0, tzinfo=UTC)
PX_PER_MM = 95 / 7.9375


def test_proportions_are_those_of_a_real_line() -> None:
    production = Production(7, 5, 5120)
    parts = [production.part(NOON) for _ in range(600)]
    shots = [shot for part in parts for shot in part.delivered]
    longest = [max(pore.width, pore.height) for shot in shots for pore in shot.pores]
    assert np.median([sum(len(shot.pores) for shot in part.delivered) for part in parts]) == 13
    assert (min(longest), np.median(longest), max(longest)) == (5, 8, 25)
    assert 0.94 < np.mean([bool(shot.pores) for shot in shots]) < 0.98
    assert 0.003 < 1 - len(shots) / 3000 < 0.02
    assert 0.15 < np.mean([fails(part.delivered) for part in parts]) < 0.25
    again = [later.serial == earlier.serial for earlier, later in itertools.pairwise(parts)]
    assert 0.01 < np.mean(again) < 0.08


def fails(shots) -> bool:
    """By the default rule: 1.5 mm less 1 px of doubt, or 3 within 2.0 mm."""
    return any(_too_large(shot.pores) or _too_dense(shot.pores) for shot in shots)


def _too_large(pores) -> bool:
    return any((max(pore.width, pore.height) - 1) / PX_PER_MM >= 1.5 for pore in pores)


def _too_dense(pores) -> bool:
    """Three in a chain: one that has two others within reach."""
    judged = [pore for pore in pores if max(pore.width, pore.height) / PX_PER_MM >= 0.42]
    near = Counter(a for a, b in itertools.permutations(judged, 2) if a.gap_px(b) / PX_PER_MM <= 2.0)
    return any(links >= 2 for links in near.values())


def test_three_spots_recur_in_most_parts() -> None:
    production = Production(7, 5, 5120)
    parts = [production.part(NOON) for _ in range(100)]
    for spot in range(3):
        places = [
            pore for part in parts for shot in part.delivered for pore in shot.pores if pore.spot == spot
        ]
        assert 45 < len(places) < 80
        assert max(np.ptp([pore.x for pore in places]), np.ptp([pore.y for pore in places])) <= 10


# Pictures


def test_a_picture_shows_a_dark_pore_in_its_box() -> None:
    studio, pore = Studio(640, 7), Pore(300, 83, 20, 16)
    clean, flawed = (picture(studio.take(view_of(1), pores, [7, 1])) for pores in ((), (pore,)))
    inside = np.s_[pore.y + 5 : pore.y + 11, pore.x + 6 : pore.x + 14]
    assert flawed[inside].mean() < 0.6 * clean[inside].mean()
    flawed[pore.y - 8 : pore.y + 24, pore.x - 8 : pore.x + 28] = 0
    clean[pore.y - 8 : pore.y + 24, pore.x - 8 : pore.x + 28] = 0
    assert np.array_equal(flawed, clean)


def picture(jpeg: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(jpeg)), int)


def test_pictures_of_two_parts_differ_in_brightness_and_place() -> None:
    studio = Studio(640, 7)
    first, second = (picture(studio.take(view_of(3), (), [7, part])) for part in (1, 2))
    assert abs(first.mean() - second.mean()) > 0.5
    assert not np.array_equal(first, second)


def test_five_cameras_see_five_clearly_different_things() -> None:
    small = [np.asarray(view_of(n).surface(320, 7).resize((32, 32)), float) for n in range(1, 6)]
    for one, other in itertools.combinations(small, 2):
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.8


@pytest.mark.parametrize("number", [*range(1, 6), 8, 13, 18, 23, 28, 33, 38])
def test_pores_lie_on_metal_however_the_view_is_turned(number: int) -> None:
    view, rng = view_of(number), np.random.default_rng(1)
    seen = view.turned(view.surface(320, 7))
    tones = [seen.getpixel((int(x * 0.32), int(y * 0.32))) for x, y in (view.spot(rng) for _ in range(300))]
    assert np.mean([tone > 50 for tone in tones]) > 0.85


def test_a_full_size_picture_is_as_large_as_the_plants() -> None:
    jpeg = Studio(5120, 7).take(view_of(1), (), [7, 1])
    assert Image.open(io.BytesIO(jpeg)).size == (5120, 5120)
    assert 1_500_000 <= len(jpeg) <= 2_500_000


def test_the_oldest_pictures_go_when_there_are_too_many(tmp_path: Path) -> None:
    archive = Archive(tmp_path, keep_bytes=250)
    files = [archive.write(f"{PREFIX}/a/{n}.jpg", b"x" * 100) for n in range(4)]
    assert [file.exists() for file in files] == [False, False, True, True]


def test_pictures_of_an_earlier_start_count_too(tmp_path: Path) -> None:
    old = Archive(tmp_path, keep_bytes=250).write(f"{PREFIX}/a/old.jpg", b"x" * 200)
    new = Archive(tmp_path, keep_bytes=250).write(f"{PREFIX}/a/new.jpg", b"x" * 100)
    assert (old.exists(), new.exists()) == (False, True)


def test_idle_jobs_wait_until_nothing_is_due_soon() -> None:
    agenda, done = Agenda(), []
    now = time.monotonic()
    agenda.add_idle(lambda: done.append("idle"))
    agenda.add(now + 0.1, lambda: done.append("timed"))
    assert agenda.run_until(now + 1.5)  # from 0.1 to 1.0 nothing is due soon
    assert done == ["timed", "idle"]
