"""Tiles in front of Flask: what is answered there is what the view would have answered, header by header."""

from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from hmi.parts import EXTENSION
from tests.lines import QUICK_LINE
from tests.people import opened, settle_in, signed_in
from tests.test_iiif import TILE, fill
from tests.views import ASK_THE_VIEW, CountedView, told

CLOSED = {"auth": {"open_grid": False}}


class Site:
    """An application with the two images of `fill`, and how often its view for pieces was asked."""

    def __init__(self, app, folder) -> None:
        self.app = app
        self.line = fill(app, folder)
        self.parts = app.extensions[EXTENSION]
        self.version = self.parts.files.stamp(r"E:\images\1.jpg").text
        self.view = CountedView(app, "iiif.piece")
        self.visitor = app.test_client()

    def get(self, path: str, *, method: str = "GET", **headers: str) -> TestResponse:
        return self.visitor.open(f"/iiif/3/{path}", method=method, headers=headers)

    def past_the_view(self, path: str, **options: str) -> TestResponse:
        """An answer in front of it. What is known is forgotten after a moment: the next time it is there."""
        for _ in range(5):
            before = self.view.asked
            answer = self.get(path, **options)
            if self.view.asked == before:
                return answer
        raise AssertionError(f"the view is asked each time: {path}")


@pytest.fixture
def open_site(sqlite_store, settings_of, tmp_path) -> Iterator:
    contexts = []

    def open_one(**sections) -> Site:
        contexts.append(opened(settings_of(line=QUICK_LINE, **sections)))
        return Site(contexts[-1].__enter__(), tmp_path / "images")

    yield open_one
    for context in contexts:
        context.__exit__(None, None, None)


@pytest.mark.parametrize("sections", [{}, {"iiif": {"cors": True}, "server": {"https": True}}])
def test_what_is_at_hand_is_answered_as_the_view_answers_it(open_site, sections):
    site = open_site(**sections)
    tag = site.get(f"1~{site.version}/{TILE}").headers["ETag"]
    site.get("2/full/175,/0/default.png")
    matching = (tag, f"W/{tag}", f'"other", {tag}', "*")
    for path, method, matches in (
        (f"1~{site.version}/{TILE}", "GET", ""),
        (f"1~{site.version}/{TILE}", "HEAD", ""),
        *((f"1~{site.version}/{TILE}", "GET", text) for text in matching),
        (f"1~{site.version}/{TILE}", "HEAD", tag),
        (f"1~{site.version}/{TILE}", "GET", '"other"'),
        (f"1~{site.version}/{TILE}", "GET", "no tag"),
        (f"1/{TILE}?more=1", "GET", ""),
        ("1/0,0,300,200/max/!90/gray.jpg", "GET", ""),
        ("1/pct:10,10,20,20/pct:100/360/bitonal.png", "GET", ""),
        ("2/full/175,/180/color.jpg", "GET", ""),
    ):
        given = {"If-None-Match": matches} if matches else {}
        ours = site.past_the_view(path, method=method, **given)
        before = site.view.asked
        views = site.get(path, method=method, **given, **ASK_THE_VIEW)
        assert site.view.asked == before + 1
        assert told(ours) == told(views), (path, method, matches)
        assert ours.status_code == (304 if matches in matching else 200)


def test_all_else_is_left_to_the_view(open_site):
    site = open_site()
    site.get(f"1/{TILE}")
    for path, status in {
        "1/full/max/45/default.jpg": 400,
        "1/full/^1501,/0/default.jpg": 501,
        "1/5000,0,5,5/max/0/default.jpg": 400,
        "1/full/max/0/default.gif": 400,
        f"9/{TILE}": 404,
        f"1~0-0/{TILE}": 404,
        f"1~/{TILE}": 404,
        f"1//{TILE}": 308,
        "1/0,0,64,64/max/0/overlay.jpg": 200,
        "1/0,0,1400,1000/max/0/default.jpg": 200,  # larger than a tile: it takes a place
        "1/info.json": 200,
    }.items():
        answer = site.get(path)
        assert (answer.status_code, told(answer)) == (status, told(site.get(path, **ASK_THE_VIEW))), path
    assert site.visitor.post(f"/iiif/3/1/{TILE}").status_code == 405


def test_an_image_of_which_nothing_is_decoded_is_left_to_the_view(open_site):
    site = open_site()
    site.get("2/0,0,512,512/512,512/0/default.jpg")
    site.get("2/full/175,/0/default.jpg")  # another level of it, which colours have for themselves
    assert site.view.asked == 2
    site.past_the_view("2/0,0,512,512/128,128/0/default.jpg")


def test_where_the_grid_is_closed_only_who_may_see_it_is_given_tiles(open_site, sqlite_store):
    settle_in(sqlite_store)
    site = open_site(**CLOSED)
    stranger, olga = site.visitor, signed_in(site.app, "Olga")
    tile = f"/iiif/3/1/{TILE}"
    site.visitor = olga
    ours, views = site.past_the_view(f"1/{TILE}"), olga.get(tile, headers=ASK_THE_VIEW)
    assert told(ours) == told(views)
    assert ours.status_code == 200
    assert told(stranger.get(tile)) == told(stranger.get(tile, headers=ASK_THE_VIEW))
    assert stranger.get(tile).status_code == 401
    assert olga.get(tile, headers={"Authorization": "Bearer hmi_nobody"}).status_code == 401
    olga.post("/sign-out")
    assert olga.get(tile).status_code == 401


def test_where_a_proxy_names_people_the_view_finds_out_who_it_is(open_site, sqlite_store):
    settle_in(sqlite_store)
    proxy = {"proxy_header": "X-Remote-User", "trusted_proxies": ["127.0.0.1"]}
    site = open_site(auth={"open_grid": False, **proxy})
    for number in (1, 2):
        answer = site.get(f"1/{TILE}", **{"X-Remote-User": "Olga"})
        assert (answer.status_code, site.view.asked) == (200, number)
