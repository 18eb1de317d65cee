"""Pictures in front of Flask: answered there as the view would have answered, header by header."""

from urllib.parse import quote

import pytest

from hmi.parts import EXTENSION
from hmi.store.runs import Image
from tests.lines import QUICK_LINE, Line
from tests.people import opened, settle_in, signed_in
from tests.test_pages import make_failing
from tests.views import ASK_THE_VIEW, CountedView, told


class Site:
    """A part with two pictures, and how often the view for pictures was asked."""

    def __init__(self, app, folder) -> None:
        self.app = app
        self.parts = app.extensions[EXTENSION]
        make_failing(Line(self.parts.settings, self.parts.store), folder)
        self.view = CountedView(app, "pictures.picture")
        self.visitor = app.test_client()
        with self.parts.store.read() as session:
            self.tile = f"/pictures/1/tile.jpg?v={session.get_one(Image, (1, 1)).picture}"


@pytest.fixture
def site_of(sqlite_store, settings_of, tmp_path):
    contexts = []

    def open_one(**sections) -> Site:
        contexts.append(opened(settings_of(line=QUICK_LINE, **sections)))
        return Site(contexts[-1].__enter__(), tmp_path / "images")

    yield open_one
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.mark.parametrize("sections", [{}, {"server": {"https": True}}])
def test_a_picture_at_hand_is_answered_as_the_view_answers_it(site_of, sections):
    site = site_of(**sections)
    site.visitor.get(site.tile)
    for path in (site.tile, f"{site.tile}&v=2", f"{site.tile}&more=1"):
        for method in ("GET", "HEAD"):
            before = site.view.asked
            ours = site.visitor.open(path, method=method)
            assert (ours.status_code, site.view.asked) == (200, before)
            views = site.visitor.open(path, method=method, headers=ASK_THE_VIEW)
            assert site.view.asked == before + 1
            assert told(ours) == told(views), (path, method)


def test_all_other_pictures_are_left_to_the_view(site_of, subtests):
    site = site_of()
    site.visitor.get(site.tile)
    address, version = site.tile.split("?v=")
    for path, status in {
        address: 302,
        f"{address}?v=": 302,
        f"{address}?v=&v={version}": 302,
        f"{address}?v=0123456789ab": 302,
        f"{address}?v={quote('../' + version)}": 404,
        f"{address}?V={version}": 302,
        f"/pictures/9/tile.jpg?v={version}": 404,
        f"/pictures/1/huge.jpg?v={version}": 404,
        f"/pictures/1/..%2ftile.jpg?v={version}": 404,
    }.items():
        with subtests.test(path=path):
            answer = site.visitor.get(path)
            assert (answer.status_code, told(answer)) == (
                status,
                told(site.visitor.get(path, headers=ASK_THE_VIEW)),
            )
    assert site.visitor.post(site.tile).status_code == 405


def test_where_the_grid_is_closed_only_who_may_see_it_is_given_pictures(site_of, sqlite_store):
    settle_in(sqlite_store)
    site = site_of(auth={"open_grid": False})
    olga = signed_in(site.app, "Olga")
    olga.get(site.tile)
    before = site.view.asked
    assert (olga.get(site.tile).status_code, site.view.asked) == (200, before)
    assert site.visitor.get(site.tile).status_code == 401
    olga.post("/sign-out")
    assert olga.get(site.tile).status_code == 401
