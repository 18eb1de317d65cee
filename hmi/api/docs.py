"""`/api/openapi.json`, and the same as a page for people, made here: it needs no script and prints."""

import json
from functools import cache
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template

from hmi.api.openapi import document
from hmi.api.operations import JSON, conditional
from hmi.auth import PUBLIC, requires
from hmi.auth.permissions import of_anybody
from hmi.parts import parts

blueprint = Blueprint("api_docs", __name__, url_prefix="/api")


@blueprint.get("/openapi.json")
@requires(PUBLIC)
def specification() -> Any:
    response = Response(json.dumps(_document(), ensure_ascii=False), mimetype=JSON)
    return conditional(response)


@blueprint.get("/docs")
@requires(PUBLIC)
def page() -> str:
    return render_template("api_docs/api_docs.html")


def _document() -> dict[str, Any]:
    return _made(current_app._get_current_object(), parts().build, bool(of_anybody()))  # type: ignore[attr-defined]


@cache
def _made(app: Flask, build: str, is_open: bool) -> dict[str, Any]:
    return document(app, build, is_open=is_open)
