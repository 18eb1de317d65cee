"""The poll: answered from memory, with what a page needs to know whether to believe it."""

from collections.abc import Iterator

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from hmi.live import LiveLayer
from hmi.snapshot import NEVER, Pulse, Snapshot


class Still:
    """A follower that follows nothing: what a process holds in memory at one moment."""

    def __init__(self, snapshot: Snapshot | None, pulse: Pulse) -> None:
        self.snapshot = snapshot
        self.pulse = pulse

    def start(self) -> None:
        pass


def beyond(_environ, start_response) -> Iterator[bytes]:
    start_response("418 I'm a teapot", [])
    yield b""


@pytest.fixture
def still():
    return Still(Snapshot(7, b"<div>seven</div>"), Pulse(3, 0.0, ""))


@pytest.fixture
def poll(still):
    return Client(LiveLayer(beyond, still, "build-1"), Response)


def test_a_poll_that_knows_nothing_is_given_the_fragment(poll):
    answer = poll.get("/live")
    assert (answer.status_code, answer.data) == (200, b"<div>seven</div>")
    assert answer.headers["X-HMI-Snapshot"] == "7"


def test_a_poll_that_knows_the_snapshot_is_given_nothing(poll):
    answer = poll.get("/live?v=7")
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["X-HMI-Build"] == "build-1"
    assert int(answer.headers["X-HMI-Age"]) >= 0


def test_a_poll_that_knows_another_snapshot_is_given_this_one(poll):
    assert poll.get("/live?v=6").status_code == 200
    assert poll.get("/live?v=8").status_code == 200


def test_no_cache_may_keep_the_answer(poll):
    assert poll.get("/live?v=7").headers["Cache-Control"] == "no-store"


def test_the_answer_repeats_the_number_of_the_question(poll):
    assert poll.get("/live?v=7&n=41").headers["X-HMI-Echo"] == "41"


@pytest.mark.parametrize(
    "query", ["v=seven", "v=٧", "v=7%0d%0aX: y", "n=1%0d%0aX: y", "v=" + "9" * 5000, "v", "&&&"]
)
def test_nonsense_in_the_question_is_not_repeated(poll, query):
    answer = poll.get("/live", query_string=query)
    assert answer.status_code == 200
    assert "X-HMI-Echo" not in answer.headers


def test_an_age_that_is_not_known_is_not_given(poll, still):
    still.pulse = Pulse(-1, NEVER, "the store does not answer")
    answer = poll.get("/live?v=7")
    assert "X-HMI-Age" not in answer.headers
    assert answer.headers["X-HMI-Trouble"] == "the store does not answer"


def test_before_the_first_snapshot_the_answer_is_unavailable(poll, still):
    still.snapshot = None
    assert poll.get("/live").status_code == 503


def test_trouble_with_line_breaks_stays_one_header(poll, still):
    still.pulse = Pulse(1, 0.0, "first\r\nX-Forged: second ü")
    assert poll.get("/live").headers["X-HMI-Trouble"] == "first??X-Forged: second ?"


def test_only_reading_is_answered(poll):
    assert poll.post("/live").status_code == 405


def test_everything_else_is_passed_on(poll):
    assert poll.get("/liver").status_code == 418
