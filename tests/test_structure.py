"""The rules of the house: imports point one way, names say something, files stay readable."""

import ast
import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SOURCES = sorted([*PROJECT.glob("hmi/**/*.py"), *PROJECT.glob("regions/**/*.py"), PROJECT / "wsgi.py"])
NAMELESS = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?|services?|crud)$")

#: locked for newer Pythons only
LATER_PYTHON = {"numpy==2.5.5"}

#: what a part of the house must not import
FORBIDDEN = {
    "regions": ("hmi", "flask", "sqlalchemy", "PIL"),
    "hmi/plant": ("hmi.store", "hmi.pages", "hmi.judging", "hmi.pictures", "flask", "regions"),
    "hmi/store": ("hmi.plant", "hmi.pages", "hmi.judging", "hmi.pictures", "flask", "regions"),
    "hmi/pictures": ("hmi.store", "hmi.pages", "hmi.judging", "flask", "sqlalchemy"),
    "hmi/judging": ("hmi.pages", "hmi.api", "flask"),
    "hmi/deciding": ("hmi.pages", "hmi.api", "hmi.auth", "hmi.plant", "flask"),
    "hmi/review": ("hmi.pages", "hmi.api", "hmi.auth", "hmi.plant", "flask"),
    "hmi/rules": ("hmi.pages", "hmi.api", "hmi.auth", "hmi.plant", "flask"),
    "hmi/demo": ("hmi.store", "hmi.pages", "hmi.judging", "hmi.pictures", "flask"),
}


def imports_of(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_point_one_way(part):
    wrong = [
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in (PROJECT / part).rglob("*.py")
        for name in imports_of(path)
        if any(is_within(name, package) for package in FORBIDDEN[part])
    ]
    assert wrong == []


def test_pages_do_not_import_each_other():
    pages = {path.stem for path in (PROJECT / "hmi/pages").glob("*.py")} - {"__init__"}
    wrong = [
        f"{path.stem} imports {name}"
        for path in (PROJECT / "hmi/pages").glob("*.py")
        for name in imports_of(path)
        if name in {f"hmi.pages.{page}" for page in pages}
    ]
    assert wrong == []


def test_only_respond_reads_what_htmx_says_of_itself():
    readers = [path.name for path in SOURCES if "HX-" in path.read_text(encoding="utf-8")]
    assert readers == ["respond.py"]


def test_nothing_has_a_name_that_says_nothing():
    assert [path for path in SOURCES if NAMELESS.search(path.stem)] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_files_and_functions_stay_readable(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    if "migrations" in path.parts:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 60, node.name


def test_our_own_javascript_stays_small():
    ours = PROJECT.glob("static/js/**/*.js")
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in ours)
    assert lines <= 2300


def test_no_page_fetches_anything_from_elsewhere():
    addressed = re.compile(r"""(?:src|href|action)=["']?(?:https?:)?//""")
    assert [
        path
        for path in PROJECT.glob("templates/**/*.html")
        if addressed.search(path.read_text(encoding="utf-8"))
    ] == []


def test_vendored_files_are_those_of_the_manifest():
    vendor = PROJECT / "static/vendor"
    listed = {}
    for entry in json.loads((vendor / "manifest.json").read_text(encoding="utf-8")):
        folder = f"{entry['name']}-{entry['version']}"
        listed |= {f"{folder}/{name}": digest for name, digest in entry["files"].items()}
        assert (vendor / folder / "LICENSE").exists(), folder
    found = {
        path.relative_to(vendor).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in vendor.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == listed


def locked() -> dict[str, set[str]]:
    """name==version → the hashes that the lock allows."""
    lock = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    entries = re.findall(r"^([a-z0-9-]+==[^ ]+)(.*(?:\n    .*)*)", lock, re.MULTILINE)
    return {pin: set(re.findall(r"sha256:([0-9a-f]{64})", rest)) for pin, rest in entries}


def test_every_dependency_is_pinned_with_its_hashes():
    assert len(locked()) > 20
    assert [pin for pin, hashes in locked().items() if not hashes] == []


def test_every_dependency_has_a_wheel_for_windows_in_the_lock():
    """The wheels that pip takes on Windows with Python 3.11, by name: each under a hash of the lock."""
    wheels = json.loads((PROJECT / "tests/data/windows_wheels.json").read_text(encoding="utf-8"))
    pins_for_3_11 = {pin for pin in locked() if pin not in LATER_PYTHON}
    found = set()
    for wheel, digest in wheels.items():
        name, version, *_, python, abi, platform = wheel.removesuffix(".whl").split("-")
        pin = f"{name.replace('_', '-').lower()}=={version}"
        assert platform in ("any", "win_amd64"), wheel
        assert abi in ("none", "abi3", "cp311"), wheel
        assert python.startswith(("py", "cp3")), wheel
        assert digest in locked()[pin], wheel
        found.add(pin)
    assert found == pins_for_3_11
