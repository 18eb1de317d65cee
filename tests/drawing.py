"""Somebody at the drawing page: an application over a line of two cameras, and what the page sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from hmi.settings import Settings
from hmi.store import Store
from hmi.store.rules import Region, RulesVersion
from tests.lines import Line, image, trigger
from tests.people import opened, settle_in, signed_in

CAMERAS = [{"serial": "A", "order": 1}, {"serial": "B", "order": 2}]
LINE = {"cameras": CAMERAS, "settle_s": 5, "grace_s": 20}
SQUARE = [[100, 100], [1100, 100], [1100, 1100], [100, 1100]]
LIMITS = {"size_threshold": 1.0, "density_threshold": 3, "proximity_threshold": 2.0}


def region(name: str = "Seal face", **fields: Any) -> dict[str, Any]:
    return {"region_id": name, "polygon": SQUARE, **LIMITS, **fields}


@contextmanager
def drawing_app(store: Store, settings: Settings, *rows: Any) -> Iterator[tuple[Flask, Line]]:
    """An application and the worker's judging on one store; camera A has brought an image of 5120² px."""
    settle_in(store)
    line = Line(settings, store)
    line.read(0, trigger(), image(1, "A"), *rows)
    line.files(1)
    with opened(settings) as app:
        yield app, line


class Desk:
    """One person's page of one camera. It remembers the revision that it was given last."""

    def __init__(self, app: Flask, name: str = "Edda", camera: str = "A") -> None:
        self.browser: FlaskClient = signed_in(app, name)
        self.at = f"/cameras/{camera}"
        self.look()

    def look(self) -> dict[str, Any]:
        self.draft = self.browser.get(f"{self.at}/draft").get_json()
        self.revision = self.draft["revision"]
        return self.draft

    def put(self, region: Any, key: str = "seal", **also: Any) -> TestResponse:
        return self.send("PUT", f"draft/regions/{key}", region=region, **also)

    def delete(self, key: str = "seal") -> TestResponse:
        return self.send("DELETE", f"draft/regions/{key}")

    def publish(self, reason: Any = "tighter seal") -> TestResponse:
        return self.send("POST", "draft/publish", reason=reason)

    def send(self, verb: str, path: str, **body: Any) -> TestResponse:
        answer = self.browser.open(f"{self.at}/{path}", method=verb, json={"revision": self.revision, **body})
        if answer.status_code == 200:
            self.revision = answer.get_json()["revision"]
        return answer


def rows_of(store: Store, camera: str = "A") -> list[Region]:
    """What other tools read."""
    with store.read() as session:
        rows = select(Region).where(Region.camera_id == camera).order_by(Region.id)
        return list(session.scalars(rows))


def versions(store: Store) -> list[RulesVersion]:
    with store.read() as session:
        return list(session.scalars(select(RulesVersion).order_by(RulesVersion.version)))
