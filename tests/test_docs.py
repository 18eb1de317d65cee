"""The documents tell the truth: tests that they name exist, links resolve, commands are there."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from hmi import configuration_page
from hmi.settings import DEFAULTS, load_settings
from tests.conftest import SECRET
from tests.people import opened
from tests.plants import VisionSystem

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENTS = [PROJECT / "README.md", PROJECT / "CHANGELOG.md", *sorted((PROJECT / "docs").glob("*.md"))]


def named_tests() -> list[str]:
    text = (PROJECT / "docs/reliability.md").read_text(encoding="utf-8")
    return sorted(set(re.findall(r"`([\w/]+\.py(?:::\w+)?)`", text)))


@pytest.mark.parametrize("named", named_tests())
def test_every_test_that_the_reliability_page_names_exists(named):
    file, _, name = named.partition("::")
    source = (PROJECT / "tests" / file).read_text(encoding="utf-8")
    assert f"def {name}" in source


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document):
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`((?:config|docs|hmi|regions|static|templates|tests)/[\w./-]+)`", text)
    assert [path for path in named if not (PROJECT / path).exists()] == []


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_resolves(document):
    for link in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (document.parent / file) if file else document
        assert target.is_file(), link
        assert not anchor or anchor in anchors(target), link


def test_the_page_of_settings_is_the_one_that_default_yaml_makes():
    """If not: python -m hmi.configuration_page."""
    assert configuration_page.PAGE.read_text(encoding="utf-8") == configuration_page.page()


def test_every_setting_has_its_heading_and_its_help():
    page = configuration_page.PAGE.read_text(encoding="utf-8")
    for section, keys in yaml.safe_load(DEFAULTS.read_text(encoding="utf-8")).items():
        for key in keys:
            found = re.search(rf"^### {section}\.{key}\n\n(.+)\n", page, re.MULTILINE)
            assert found, f"{section}.{key}"
            assert not found[1].startswith("Default `"), f"{section}.{key} has no help"


def test_every_fault_and_every_bad_input_has_its_row():
    """Covered with its test, or said to be not yet."""
    rows = [line.split("|")[1] for line in reliability().splitlines() if line.startswith("|")]
    named = set()
    for letter, first, last in re.findall(r"\b([FB])(\d+)(?:–[FB]?(\d+))?", " ".join(rows)):
        named |= {f"{letter}{number}" for number in range(int(first), int(last or first) + 1)}
    assert sorted({*(f"F{n}" for n in range(1, 63)), *(f"B{n}" for n in range(1, 57))} - named) == []


def reliability() -> str:
    return (PROJECT / "docs/reliability.md").read_text(encoding="utf-8")


#: Commands in documents that are not run here, and why.
NOT_RUN = {
    "pip install": "the environment of the tests is made with it",
    "python3 -m venv": "the same",
    ". venv": "the same",
    "cp config/plant.example.yaml": "settings come in from the environment here",
    'python -c "import secrets': "the same",
    "chmod 600": "the same",
    "export HMI_": "the same",
    "python wsgi.py": "tests/servers.py starts it everywhere",
    "sudo": "it would install a service",
    "python -m pytest": "it would run this test again",
    "mypy": "a minute, and CI runs it",
    "ruff": "CI runs it",
    "python -m compileall": "it writes beside the code of the tests",
    "python -m hmi.configuration_page": "it writes a document, which a test here compares",
    "python -m tests.supply": "tests/test_supply.py runs each of them",
}


def commands() -> list[str]:
    blocks = [
        block
        for document in DOCUMENTS
        for block in re.findall(
            r"^ *```sh\n(.*?)^ *```", document.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        )
    ]
    lines = [line.strip() for block in blocks for line in block.splitlines() if line.strip()]
    return [line for line in dict.fromkeys(lines) if not line.startswith(tuple(NOT_RUN))]


def test_every_command_of_the_documents_runs(tmp_path, monkeypatch):
    """In the order in which they stand, in one folder, as on a new machine with an SQLite plant."""
    VisionSystem(f"sqlite:///{tmp_path / 'plant.db'}").build()
    (tmp_path / "backups").mkdir()
    monkeypatch.chdir(tmp_path)
    listed = commands()
    assert len(listed) >= 6
    run(tmp_path, "flask --app wsgi migrate")
    for printed in listed:
        command = printed
        if "DATE-TIME" in command:
            newest = max((tmp_path / "backups").iterdir())
            command = command.replace("porosity-hmi-DATE-TIME.zip", newest.name)
        if "REVISION" in command:
            command = command.replace("REVISION", run(tmp_path, "flask --app wsgi migrate --show").strip())
        is_new = " restore " in command and "--check" not in command
        run(tmp_path, command, "new.db" if is_new else "store.db")


def run(folder: Path, command: str, store: str = "store.db") -> str:
    """A command of the product, with settings as the environment of a machine gives them; what it said."""
    program, *arguments = shlex.split(command)
    assert (program, arguments[:2]) == ("flask", ["--app", "wsgi"]), f"NOT_RUN says why not: {command}"
    environment = {
        "HMI_DATABASE__URL": f"sqlite:///{(folder / 'plant.db').as_posix()}",
        "HMI_STORE__URL": f"sqlite:///{(folder / store).as_posix()}",
        "HMI_AUTH__SECRET_KEY": SECRET,
        "HMI_STORAGE__CACHE_FOLDER": str(folder / "cache"),
        "HMI_STORAGE__ROOTS": json.dumps([{"prefix": "E:\\images", "source": str(folder)}]),
    }
    with opened(load_settings(environment=environment)) as app:
        done = app.test_cli_runner().invoke(args=arguments[2:])
    assert done.exit_code == 0, f"{command}\n{done.output}"
    return done.output


def test_the_two_commands_stand_at_the_top_of_the_readme():
    lines = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()[:12]
    assert "    pip install -r requirements.txt && python wsgi.py" in lines
    assert "    pip install -r requirements-dev.txt && python -m pytest" in lines
