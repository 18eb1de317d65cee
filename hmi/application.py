"""Wires the web application; nothing else happens here."""

from datetime import UTC, datetime
from threading import BoundedSemaphore

from flask import Flask, Response
from flask_wtf.csrf import CSRFProtect
from sqlalchemy.exc import ArgumentError

from hmi import auth, cli, errors
from hmi.auth import permissions
from hmi.build import asset, build_id, svg
from hmi.live import LiveLayer
from hmi.pages import grid, health, logo, pictures
from hmi.parts import EXTENSION, Parts
from hmi.pictures.gallery import Gallery
from hmi.plant.files import ImageFiles
from hmi.screen import screen_of
from hmi.settings import PROJECT, Settings, SettingsError
from hmi.snapshot import Follower
from hmi.store import Store
from hmi.wording import VERDICT_WORDS

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
YEAR_S = 31_536_000


def create_app(settings: Settings) -> Flask:
    """The web application. Nothing is connected and no thread runs before the first request needs it."""
    app = Flask(__name__, template_folder=str(PROJECT / "templates"), static_folder=str(PROJECT / "static"))
    app.config.update(
        SECRET_KEY=settings.auth.secret_key,
        MAX_CONTENT_LENGTH=settings.server.max_body_bytes,
        MAX_FORM_PARTS=1000,
        TRUSTED_HOSTS=_trusted_hosts(settings),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.server.https,
        WTF_CSRF_TIME_LIMIT=None,  # kiosks stay open for days
        SEND_FILE_MAX_AGE_DEFAULT=YEAR_S,  # addresses of static files carry their version
    )
    app.jinja_env.globals.update(
        asset=asset, build=build_id(), svg=svg, ui=settings.ui, words=VERDICT_WORDS, zone=settings.time.zone
    )
    CSRFProtect(app)
    store = _store(settings)
    files = ImageFiles(settings.storage)
    gallery = Gallery(files, settings.storage)
    follower = Follower(store, lambda: render_live(app, settings, store))
    app.extensions[EXTENSION] = Parts(
        settings,
        store,
        files,
        gallery,
        follower,
        build_id(),
        BoundedSemaphore(max(1, settings.server.threads // 4)),
        asset,
    )
    for page in (grid, health, logo, pictures):
        app.register_blueprint(page.blueprint)
    app.view_functions["static"] = auth.requires(auth.PUBLIC)(app.view_functions["static"])
    app.before_request(permissions.guard)
    app.after_request(_secure)
    errors.register(app)
    cli.register(app)
    app.wsgi_app = LiveLayer(app.wsgi_app, follower, build_id())  # type: ignore[method-assign]
    return app


def _store(settings: Settings) -> Store:
    try:
        return Store(settings.store.address, settings.store.pool_size)
    except ArgumentError:
        raise SettingsError("store.url: is no address of a database") from None


def render_live(app: Flask, settings: Settings, store: Store) -> bytes:
    """The fragment that every kiosk is given: the same bytes for everyone."""
    with store.read() as session:
        screen = screen_of(session, settings, datetime.now(UTC))
    template = app.jinja_env.get_template("grid/_live.html")
    return template.render(screen=screen, frozen=False).encode()


def _trusted_hosts(settings: Settings) -> list[str] | None:
    hosts = settings.server.hosts
    return [*hosts, "127.0.0.1", "localhost", "[::1]"]


def _secure(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cache-Control", "no-store")
    return response
