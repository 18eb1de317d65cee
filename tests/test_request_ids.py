"""A request has a number: in its answer, on its error page and in every line of the log that it caused."""

import json
import logging
import re
from collections.abc import Iterator

import pytest

from hmi import logs, request_number
from hmi.serving_settings import Logging
from tests.people import PAGE, opened

NUMBER = "X-Request-ID"


@pytest.fixture
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


@pytest.fixture
def written(tmp_path, root_as_it_was):
    """Configures the log and gives back what stands in its file then."""

    def configure(**keys):
        usual = {"level": "INFO", "format": "json", "requests": True, "max_size_mb": 10, "backup_count": 1}
        file = tmp_path / "log" / "hmi.log"
        logs.configure(Logging(**{**usual, "file": str(file), **keys}))
        return lambda: file.read_text("utf-8").splitlines()

    return configure


@pytest.fixture
def app(sqlite_store, settings_of):
    proxies = {"trusted_proxies": ["10.1.0.0/16"]}
    with opened(settings_of(auth=proxies, logging={"requests": True})) as app:
        yield app


def test_every_answer_has_a_number_of_its_own(app):
    visitor = app.test_client()
    numbers = {visitor.get(path).headers[NUMBER] for path in ("/", "/livez", "/nowhere", "/sign-in")}
    assert len(numbers) == 4
    assert all(re.fullmatch("[0-9a-f]{16}", number) for number in numbers)


def test_only_a_trusted_proxy_may_give_the_number(app):
    def number_from(address: str, given: str) -> str:
        asked = app.test_client().get(
            "/livez", headers={NUMBER: given}, environ_overrides={"REMOTE_ADDR": address}
        )
        return asked.headers[NUMBER]

    assert number_from("10.1.0.4", "abc-1:2") == "abc-1:2"
    assert number_from("10.2.0.4", "abc-1:2") != "abc-1:2"
    for bad in ("x" * 65, "a b", "a\tb", "ü", ""):
        assert re.fullmatch("[0-9a-f]{16}", number_from("10.1.0.4", bad))


def test_an_error_tells_its_number_to_people_and_programs(app):
    page = app.test_client().get("/nowhere", headers=PAGE)
    assert page.headers[NUMBER] in page.text
    answer = app.test_client().get("/nowhere", headers={"Accept": "application/json"})
    assert answer.json["request"] == answer.headers[NUMBER]


def test_every_line_of_a_request_bears_its_number_also_while_the_answer_is_sent(app, written):
    lines = written()

    def telling():
        yield b"1"
        logging.getLogger("hmi.tests").warning("in the middle of the answer")
        yield b"2"

    app.view_functions["health.livez"] = lambda: telling()
    app.view_functions["health.livez"].hmi_permission = "public"
    answer = app.test_client().get("/livez")
    assert answer.data == b"12"
    said = [json.loads(line) for line in lines()]
    assert [line["message"].split(" ")[0] for line in said] == ["127.0.0.1", "in"]
    assert {line["request"] for line in said} == {answer.headers[NUMBER]}
    assert request_number.current() == ""


def test_a_line_is_one_json_object_whatever_is_logged(written):
    lines = written()
    try:
        int("first\nsecond")
    except ValueError:
        logging.getLogger("hmi.tests").exception("a name\r\nwith %s", "\x1b[31mcolour\u2028")
    (said,) = [json.loads(line) for line in lines()]
    assert said["message"] == "a name\r\nwith \x1b[31mcolour\u2028"
    assert said["level"] == "ERROR"
    assert "ValueError: invalid literal" in said["trace"]
    assert "request" not in said
    assert said["time"].endswith("+00:00")


def test_text_can_be_written_instead_and_levels_are_kept(written):
    lines = written(format="text", level="WARNING")
    logging.getLogger("hmi.tests").info("not this")
    logging.getLogger("hmi.tests").warning("but this")
    (line,) = lines()
    assert line.endswith("WARNING hmi.tests: but this")


def test_the_file_is_put_aside_at_its_size_and_so_many_are_kept(written, tmp_path):
    lines = written(max_size_mb=0.001, backup_count=2)
    for number in range(60):
        logging.getLogger("hmi.tests").info("line %d, as long as lines usually are or longer", number)
    assert "line 59" in lines()[-1]
    kept = sorted(path.name for path in (tmp_path / "log").glob("hmi.log*"))
    assert kept == ["hmi.log", "hmi.log.1", "hmi.log.2"]


def test_a_log_that_cannot_be_put_aside_is_said_once_and_breaks_nothing(written, monkeypatch, capsys):
    written(max_size_mb=0.0001)

    def in_use(*_):
        raise PermissionError(13, "used by another process", "hmi.log")

    with monkeypatch.context() as patched:
        patched.setattr("os.rename", in_use)
        patched.setattr("os.replace", in_use)
        for number in range(20):
            logging.getLogger("hmi.tests").warning("line %d that fills the file", number)
    assert capsys.readouterr().err.count("cannot be written") <= 1
    logging.getLogger("hmi.tests").warning("after it")
