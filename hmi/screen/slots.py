"""The cameras of one run and its part: what each tile shows, and why the part is judged as it is."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy.orm import Session

import regions
from hmi import wording
from hmi.judging.expected import Camera, expected_of
from hmi.judging.findings import drawn_as, is_abnormal
from hmi.plant_time import clock, day_and_clock, moment
from hmi.screen.times import acknowledged_text, in_ms, usable_time
from hmi.screen.values import Part, Tile, WhyRow, Worst
from hmi.settings import Settings
from hmi.store import decisions, line
from hmi.store.runs import Image, Key, Run, reference
from hmi.store.verdicts import Verdict

WHY_ROWS = 6
NO_PASS = ("missing", "unreadable")  # what a part cannot pass with, whatever else is found


class Slots:
    """The cameras of one run: one slot each, expected ones first, in their order."""

    def __init__(
        self, session: Session, settings: Settings, run: Run, cameras: Sequence[Camera], now: datetime
    ) -> None:
        self._session = session
        self._settings = settings
        self._zone = settings.time.zone_info
        self._run = run
        self._now = now
        self._images: dict[str, list[Image]] = defaultdict(list)
        for image in line.images_of(session, run):
            self._images[image.camera or ""].append(image)
        self._verdicts: dict[tuple[str, Key | None], Verdict] = {
            (verdict.camera, verdict.image_key): verdict for verdict in line.verdicts_of(session, run)
        }
        self._cameras = (*expected_of(run, cameras), *self._unexpected(cameras))

    def _unexpected(self, cameras: Sequence[Camera]) -> Iterable[Camera]:
        expected = {camera.serial for camera in expected_of(self._run, cameras)}
        names = {camera.serial: camera for camera in cameras}
        for serial in sorted(set(self._images) - expected):
            yield names.get(serial, Camera(serial, serial or "no camera", "+"))

    def tiles(self) -> tuple[Tile, ...]:
        without = {serial for serial, image in self._verdicts if image is None}
        last = line.last_images(self._session, sorted(without - set(self._images)))
        return tuple(self._tile(number, camera, last) for number, camera in enumerate(self._cameras, start=1))

    def images(self) -> dict[str, Image]:
        """camera → the image that its tile shows."""
        shown = {camera.serial: self._shown_image(camera.serial) for camera in self._cameras}
        return {serial: image for serial, image in shown.items() if image is not None}

    def _tile(self, number: int, camera: Camera, last: Mapping[str, Image]) -> Tile:
        image = self._shown_image(camera.serial)
        verdict = self._verdicts.get((camera.serial, image.key if image else None))
        if image is None:
            return self._empty(number, camera, verdict, last.get(camera.serial))
        drawn = self._settings.storage.overlay_markers
        return Tile(
            slot=f"tile-{number}",
            camera=camera.serial,
            title=camera.title,
            verdict=image.verdict,
            text=verdict.text if verdict else wording.waiting_text(image.file_state),
            since_ms=None if self._run.past else in_ms(image.first_seen),
            image=reference(image.key),
            picture=image.picture,
            more=max(0, image.defects - drawn),
            last_seen=None,
        )

    def _empty(self, number: int, camera: Camera, verdict: Verdict | None, last: Image | None) -> Tile:
        return Tile(
            slot=f"tile-{number}",
            camera=camera.serial,
            title=camera.title,
            verdict=verdict.verdict if verdict else "waiting",
            text=f"no image for trigger {self._run.id}" if verdict else "waiting for the image",
            since_ms=None if self._run.past else in_ms(self._run.first_seen),
            image=None,
            picture=None,
            more=0,
            last_seen=day_and_clock(last.first_seen, self._zone) if last else None,
        )

    def _shown_image(self, serial: str) -> Image | None:
        """The image that decides for the camera; of equals the newest."""
        images = self._images.get(serial, [])
        if not images:
            return None
        decisive = regions.part_verdict(image.verdict for image in images)
        return max((image for image in images if image.verdict == decisive), key=lambda image: image.id)

    def part(self, tiles: Sequence[Tile]) -> Part:
        run = self._run
        rows = list(self._why())
        changed = clock(run.changed_at, self._zone) if run.changed_at else None
        return Part(
            run=reference(run.key),
            serial=run.serial or "no serial",
            part=run.part or "no part type",
            triggered=moment(usable_time(run), self._now, self._zone),
            verdict=run.verdict,
            judged=run.cameras_judged,
            expected=run.cameras_expected,
            rules=self._rules(),
            nth=line.run_numbers(self._session, [run])[run.key],
            why=tuple(rows[:WHY_ROWS]),
            why_more=max(0, len(rows) - WHY_ROWS),
            said=tuple(self._said(tiles, {row.camera for row in rows})),
            worst=self._worst(),
            changed=changed,
            acknowledged=acknowledged_text(run, self._settings),
            decided=self._decided(),
            changed_after=clock(run.changed_after_at, self._zone) if run.changed_after_at else None,
            past=run.past,
        )

    def _decided(self) -> str | None:
        if self._run.part_decision is None:
            return None
        head = decisions.heads(self._session, decisions.PART, [self._run.key])[self._run.key]
        entry = self._session.get_one(decisions.Decision, head.in_force[0])
        label = wording.decision_label(self._settings.review.labels, decisions.PART, entry.word)
        return f"{label} · {entry.who} · {clock(entry.at, self._zone)}"

    def _why(self) -> Iterable[WhyRow]:
        per_camera = [
            [WhyRow(camera.number, row) for row in islice(wording.why(verdict.findings), 100)]
            for camera in self._cameras
            for (serial, _), verdict in self._verdicts.items()
            if serial == camera.serial
        ]
        rows = [row for rows in per_camera for row in rows]
        return sorted(rows, key=lambda row: row.why.state != "fail")

    def _said(self, tiles: Sequence[Tile], explained: Collection[str]) -> Iterable[str]:
        """Of each camera that keeps the part from passing, and has no row that says why."""
        if self._run.verdict in ("pass", "accepted"):
            return  # what is unexpected keeps nothing from passing
        for camera, tile in zip(self._cameras, tiles, strict=True):
            keeps = tile.verdict in NO_PASS or tile.verdict == self._run.verdict in ("fail", "review")
            if keeps and camera.number not in explained:
                yield f"{tile.title}: {tile.text}"

    def _worst(self) -> Worst | None:
        found = [
            (camera, image, finding)
            for camera in self._cameras
            if (image := self._shown_image(camera.serial)) is not None
            and (verdict := self._verdicts.get((camera.serial, image.key))) is not None
            for finding in verdict.findings[:1]
            if is_abnormal(finding) and image.picture
        ]
        if not found:
            return None
        camera, image, finding = min(
            found, key=lambda one: (_drawn(one[2]) != "fail", -(one[2].get("size_mm") or 0))
        )
        first = next(iter(wording.why([finding])), None)
        generation, number = finding["defect"]
        return Worst(
            camera=camera.title,
            image=reference(image.key),
            picture=image.picture or "",
            defect=reference((generation, number)),
            size_mm=finding.get("size_mm"),
            region=first.region if first else "",
            reasons=tuple(finding.get("reasons", ())) or (finding.get("decision", "review"),),
        )

    def _rules(self) -> str:
        versions = sorted(
            {verdict.rules_version for verdict in self._verdicts.values() if verdict.rules_version}
        )
        return "rules " + ", ".join(f"v{version}" for version in versions) if versions else "not judged yet"


def _drawn(finding: Mapping[str, Any]) -> str:
    return drawn_as(finding["state"], finding.get("decision"))
