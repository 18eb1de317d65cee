"""Wires the web application; nothing else happens here."""

from datetime import UTC, datetime
from functools import partial
from threading import BoundedSemaphore

from flask import Flask, Response
from sqlalchemy.exc import ArgumentError

from hmi import auth, cli, errors, freshness, panels
from hmi.api import cors
from hmi.api.blueprints import BLUEPRINTS as API
from hmi.api.documents import DocumentLayer
from hmi.api.latest import Documents
from hmi.at_hand import Admitted, PictureLayer, shared_headers
from hmi.auth import cookies, form_tokens, stations
from hmi.auth.polls import gate
from hmi.build import asset, build_id, svg
from hmi.front.lanes import quick_of
from hmi.hosts import HostLayer
from hmi.image_sources import Sources
from hmi.live import Admit, LiveLayer
from hmi.observe.last_well import LastWell
from hmi.observe.metrics import Metrics
from hmi.pages import (
    account,
    annotated,
    audit,
    calibration,
    cameras,
    configuration,
    decisions,
    editor,
    exchange,
    grid,
    health,
    iiif,
    images,
    importing,
    line_rules,
    logo,
    overview,
    part,
    pictures,
    rejudging,
    review,
    scrape,
    search,
    sign_in,
    statistics,
    tokens,
    users,
    versions,
    what_if,
)
from hmi.parts import EXTENSION, Parts
from hmi.pictures.cutter import Cutter
from hmi.pictures.gallery import Gallery
from hmi.plant.files import ImageFiles
from hmi.request_ids import RequestIdLayer
from hmi.review.bar import PartsLeft
from hmi.rules.trials import Trials
from hmi.screen import screen_of
from hmi.settings import PROJECT, Settings, SettingsError
from hmi.snapshot import Follower
from hmi.statistics import Answers
from hmi.store import Store
from hmi.tiles import TileLayer
from hmi.wording import VERDICT_WORDS

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
YEAR_S = 31_536_000
PAGES = (
    account,
    annotated,
    audit,
    calibration,
    cameras,
    configuration,
    decisions,
    editor,
    exchange,
    grid,
    health,
    iiif,
    images,
    importing,
    line_rules,
    logo,
    overview,
    part,
    pictures,
    rejudging,
    scrape,
    review,
    search,
    sign_in,
    statistics,
    tokens,
    users,
    versions,
    what_if,
)


def create_app(settings: Settings) -> Flask:
    """The web application. Nothing is connected and no thread runs before the first request needs it."""
    app = Flask(__name__, template_folder=str(PROJECT / "templates"), static_folder=str(PROJECT / "static"))
    app.config.update(
        SECRET_KEY=settings.auth.secret_key,
        MAX_CONTENT_LENGTH=settings.server.max_body_bytes,
        MAX_FORM_PARTS=1000,
        SESSION_COOKIE_NAME=f"{cookies.SECURED if settings.server.https else ''}hmi_form",  # guards forms
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.server.https,
        WTF_CSRF_TIME_LIMIT=None,  # kiosks stay open for days
        SEND_FILE_MAX_AGE_DEFAULT=YEAR_S,  # addresses of static files carry their version
    )
    app.jinja_env.globals.update(
        asset=asset,
        build=build_id(),
        svg=svg,
        ui=settings.ui,
        words=VERDICT_WORDS,
        panel_of=panels.of_view,
        zone=settings.time.zone,
        left_to_review=review.left_to_review,
        theme=partial(_theme, settings.ui.theme),
    )
    form_tokens.register(app)
    house = app.extensions[EXTENSION] = _parts(app, settings)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    for blueprint in API:
        app.register_blueprint(blueprint)
    app.view_functions["static"] = auth.requires(auth.PUBLIC)(app.view_functions["static"])
    cors.register(app)
    freshness.register(app)
    auth.register(app)
    app.after_request(partial(_secure, https=settings.server.https))
    errors.register(app)
    cli.register(app)
    _lay_in_front(app, house, gate(settings, house.store))
    return app


def _parts(app: Flask, settings: Settings) -> Parts:
    """What the views share."""
    store = _store(settings)
    files = ImageFiles(settings.storage)
    gallery = Gallery(files, settings.storage)
    documents = Documents(settings)
    follower = Follower(
        store, lambda: render_live(app, settings, store), lambda: write_documents(documents, store)
    )
    metrics = Metrics(store, follower)
    metrics.caches["pictures"] = lambda: not gallery.cache_trouble
    threads = settings.server.threads - quick_of(settings.server.threads)
    piece_places = BoundedSemaphore(max(1, threads // 2))
    return Parts(
        settings,
        store,
        files,
        gallery,
        Cutter(gallery.plates(settings.iiif), piece_places, settings),
        Sources(store, files),
        follower,
        metrics,
        LastWell(),
        build_id(),
        BoundedSemaphore(max(1, threads // 4)),
        piece_places,
        BoundedSemaphore(max(1, threads // 8)),
        BoundedSemaphore(max(1, threads // 4)),
        asset,
        Trials(store, settings),
        Answers(),
        PartsLeft(store, settings),
    )


def _lay_in_front(app: Flask, house: Parts, admit: Admit | None) -> None:
    """What sees a request before Flask does, the first one last."""
    settings, follower = house.settings, house.follower
    shared = shared_headers(dict(_secure(Response(), https=settings.server.https).headers))
    admitted = Admitted(settings, admit)
    pictured = PictureLayer(app.wsgi_app, house.gallery, admitted, shared)
    tiled = TileLayer(pictured, house, admitted, shared)
    numbered = RequestIdLayer(tiled, settings.auth, says_all=settings.logging.requests)
    read = DocumentLayer(numbered, follower, shared) if settings.auth.open_grid else numbered
    polled = LiveLayer(read, follower, build_id(), admit, house.metrics.poll.observe)
    app.wsgi_app = HostLayer(polled, settings.server.hosts)  # type: ignore[method-assign]


def _store(settings: Settings) -> Store:
    try:
        return Store(settings.store.address, settings.store.pool_size, settings.auth.chain_key)
    except ArgumentError:
        raise SettingsError("store.url: is no address of a database") from None


def render_live(app: Flask, settings: Settings, store: Store) -> bytes:
    """The fragment that every kiosk is given: the same bytes for everyone."""
    with store.read() as session:
        screen = screen_of(session, settings, datetime.now(UTC))
    template = app.jinja_env.get_template("grid/_live.html")
    return template.render(screen=screen, frozen=False).encode()


def write_documents(documents: Documents, store: Store) -> dict[str, bytes]:
    """What programs are told of the line as it is now."""
    with store.read() as session:
        return documents.of(session)


def _theme(of_kiosks: str) -> str:
    """A booth is as dark as its kiosk is set; on a desk the browser knows."""
    return of_kiosks if stations.station() is not None else "auto"


def _secure(response: Response, *, https: bool) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    if https:
        headers.setdefault("Strict-Transport-Security", f"max-age={YEAR_S}")
    return response
