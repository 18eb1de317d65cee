"""What Windows needs, checked without one: scripts that parse and fit the product, no call that it lacks."""

import ast
import logging
import os
import re
from pathlib import Path, PureWindowsPath

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from hmi import create_app, logs
from hmi.pictures.disk import DiskCache, Kept
from hmi.settings import PROJECT, load_settings
from tests.test_structure import SOURCES

FOLDER = PROJECT / "config/windows"
SCRIPTS = sorted([*FOLDER.glob("*.ps1"), *FOLDER.glob("*.psm1")])
POWERSHELL = Parser(Language(tree_sitter_powershell.language()))


def parsed(text: str) -> Node:
    return POWERSHELL.parse(text.encode()).root_node


def nodes(root: Node, kind: str = ""):
    for child in root.children:
        if not kind or child.type == kind:
            yield child
        yield from nodes(child, kind)


def wrong_places(text: str) -> list[str]:
    root = parsed(text)
    return [
        f"line {node.start_point[0] + 1}" for node in nodes(root) if node.type == "ERROR" or node.is_missing
    ]


def all_text() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_script_parses(path):
    assert wrong_places(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "broken",
    ["function F {\n  if ($x {\n}\n", "throw 'open\n", "param([string]$a\n", "foreach ($a in $b { }\n"],
)
def test_a_script_that_does_not_parse_is_noticed(broken):
    assert wrong_places(broken) != []


def commands() -> set[str]:
    return {
        node.text.decode()
        for path in SCRIPTS
        for node in nodes(parsed(path.read_text("utf-8")), "command_name")
    }


def defined() -> set[str]:
    return {
        node.text.decode()
        for path in SCRIPTS
        for node in nodes(parsed(path.read_text("utf-8")), "function_name")
    }


#: Cmdlets that Windows PowerShell 5.1 brings along on every Windows 10, 11 and Server since 2016.
KNOWN = {
    "Copy-Item", "Export-ModuleMember", "Get-ChildItem", "Get-Content", "Get-Date", "Get-Item",
    "Get-Location", "Get-NetFirewallRule", "Get-Service", "Import-Module", "Invoke-WebRequest",
    "Join-Path", "New-Item", "New-NetFirewallRule", "New-Object", "Out-Host", "Out-Null", "Pop-Location",
    "Push-Location", "Remove-Item", "Remove-NetFirewallRule", "Resolve-Path", "Select-Object",
    "Set-StrictMode", "Sort-Object", "Start-Service", "Start-Sleep", "Stop-Service", "Test-Path",
    "Where-Object", "Write-Output", "Write-Warning",
}  # fmt: skip


def test_every_command_is_known_and_every_function_is_used():
    assert {name for name in commands() if "-" in name} - KNOWN == defined() & commands()
    assert defined() <= commands()


#: As `shawl add --help` lists them.
SHAWL = {"--name", "--no-restart", "--stop-timeout", "--cwd", "--log-dir", "--env", "--"}


def test_shawl_is_asked_for_what_it_knows():
    call = re.search(r"@\('add', .*?wsgi\.py'\)", all_text(), re.DOTALL)[0]
    assert set(re.findall(r"'(--[\w-]*)'", call)) == SHAWL


def test_the_scripts_call_commands_that_the_product_has(settings_of):
    app = create_app(settings_of())
    calls = re.findall(r"Invoke-Flask \$\w+ @\(([^\n]*)\)\n", all_text())
    assert len(calls) >= 4
    for call in calls:
        name, *rest = re.findall(r"'([^']+)'", call)
        options = {option for one in app.cli.commands[name].params for option in one.opts}
        assert {one for one in rest if one.startswith("--")} <= options, call


def test_every_path_in_the_scripts_is_one_of_windows_and_there():
    """What is copied and called exists here; what is put together has no character that Windows refuses."""
    copied = re.findall(r"foreach \(\$(?:part|file) in ([^)]+)\)", all_text())
    names = [name for listed in copied for name in re.findall(r"'([^']+)'", listed)]
    assert {"hmi", "regions", "templates", "static", "wsgi.py", "requirements.txt"} <= set(names)
    assert [name for name in names if not (PROJECT / name).exists()] == []
    joined = [PureWindowsPath(name) for name in re.findall(r"Join-Path \$\w+ '([^']+)'", all_text())]
    assert len(joined) > 15
    for path in joined:
        assert not path.is_absolute()
        assert not re.search(r'[<>:"/|?*]', str(path))
    assert (FOLDER / "install.ps1").parent.parent.parent == PROJECT


def test_the_settings_that_the_installer_writes_are_good(tmp_path):
    script = (FOLDER / "install.ps1").read_text(encoding="utf-8")
    listed = re.search(r"\$lines = @\((.*?)\n        \)", script, re.DOTALL)[1]
    lines = [one[1] or one[2] for one in re.finditer(r"""'([^']*)'|"([^"]*)\"""", listed)]
    text = "\n".join(lines).replace("$Port", "8091").replace("$forward", "C:/ProgramData/PorosityHMI")
    (tmp_path / "plant.yaml").write_text(text, encoding="utf-8")
    settings = load_settings(tmp_path / "plant.yaml", {})
    assert settings.server.port == 8091
    assert PureWindowsPath(settings.logging.file).drive == "C:"


def test_scripts_have_the_line_ends_of_windows():
    listed = (PROJECT / ".gitattributes").read_text(encoding="utf-8")
    assert "*.ps1 text eol=crlf" in listed
    assert "*.psm1 text eol=crlf" in listed


#: Modules and names of the standard library that Windows lacks.
MISSING_MODULES = {
    "fcntl",
    "grp",
    "pwd",
    "resource",
    "termios",
    "tty",
    "pty",
    "posix",
    "syslog",
    "crypt",
    "readline",
}
MISSING_NAMES = {
    "os": {
        "fork", "forkpty", "getuid", "geteuid", "getgid", "getpgid", "killpg", "setsid", "chown",
        "chroot", "mkfifo", "mknod", "nice", "pread", "pwrite", "setuid", "setgid", "statvfs", "sysconf",
        "uname", "wait", "O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "getloadavg", "sched_getaffinity",
        "sendfile", "posix_fadvise",
    },
    "signal": {
        "SIGKILL", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGALRM", "alarm", "setitimer", "pause",
        "SIGSTOP", "SIGCONT", "pthread_kill",
    },
    "select": {
        "poll", "epoll", "kqueue",
    },
    "socket": {
        "AF_UNIX", "SO_REUSEPORT", "socketpair",
    },
    "time": {
        "tzset", "clock_settime", "pthread_getcpuclockid",
    },
}  # fmt: skip


def is_guard(node: ast.AST) -> bool:
    """A branch that asks first on what system it runs."""
    if not isinstance(node, ast.If | ast.IfExp):
        return False
    asked = ast.unparse(node.test)
    return any(word in asked for word in ("os.name", "sys.platform", "platform.system", "hasattr"))


def posix_only(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.iter_child_nodes(tree):
        if is_guard(node):
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in MISSING_MODULES]
        elif isinstance(node, ast.ImportFrom) and node.module in MISSING_MODULES:
            found.append(node.module)
        elif isinstance(node, ast.ImportFrom):
            missing = MISSING_NAMES.get(node.module or "", set())
            found += [alias.name for alias in node.names if alias.name in missing]
        elif isinstance(node, ast.Attribute) and node.attr in MISSING_NAMES.get(
            ast.unparse(node.value), set()
        ):
            found.append(ast.unparse(node))
        found += posix_only(node)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_nothing_is_called_that_windows_lacks(path):
    assert posix_only(ast.parse(path.read_text(encoding="utf-8"))) == []


def test_what_windows_lacks_is_noticed():
    source = (
        "import fcntl, os\nfrom signal import SIGHUP\nos.fork()\nif os.name == 'posix':\n    os.getuid()\n"
    )
    assert posix_only(ast.parse(source)) == ["fcntl", "SIGHUP", "os.fork"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_text_file_is_opened_with_its_encoding(path):
    """Without one Windows takes its own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("read_text", "write_text"):
            given = {keyword.arg for keyword in node.keywords}
            assert "encoding" in given, ast.unparse(node)


def sharing_violation(number: int) -> PermissionError:
    """What Windows says of a file that another program holds open (32), or that it is about to delete (5)."""
    error = PermissionError(13, "The process cannot access the file")
    error.winerror = number  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize("number", [5, 32])
def test_a_kept_picture_that_somebody_reads_stays_and_the_next_one_takes_its_place(
    number, tmp_path, monkeypatch
):
    """It keeps its stamp, so that nobody takes it for the new one; nothing unfinished is left lying about."""
    cache = DiskCache(tmp_path, 1_000_000, 60)
    cache.put("one", Kept(b"first", "s1"))

    def held(*_: object) -> None:
        raise sharing_violation(number)

    with monkeypatch.context() as windows:
        windows.setattr(Path, "replace", held)
        cache.put("one", Kept(b"second", "s2"))
    assert (cache.get("one"), cache.trouble) == (Kept(b"first", "s1"), "")
    assert [path.name for path in tmp_path.iterdir()] == ["one.jpg"]
    cache.put("one", Kept(b"second", "s2"))
    assert cache.get("one") == Kept(b"second", "s2")


@pytest.mark.parametrize("number", [5, 32])
def test_a_log_that_cannot_be_put_aside_costs_nobody_anything(
    number, tmp_path, monkeypatch, settings_of, capsys
):
    """The file is full and somebody reads it: it grows on, nothing is lost, no request fails."""
    file = tmp_path / "hmi.log"

    def held(*_: object, **__: object) -> None:
        raise sharing_violation(number)

    app = create_app(settings_of())
    before = logging.getLogger().handlers[:]
    logs.configure(settings_of(logging={"file": str(file), "max_size_mb": 0.002}).logging)
    try:
        for name in ("rename", "replace"):
            monkeypatch.setattr(os, name, held)
        for count in range(100):
            logging.getLogger("hmi.test").info("line %d of what has to be kept", count)
        assert app.test_client().get("/livez").status_code == 200
        monkeypatch.undo()
        written = file.read_text(encoding="utf-8")
        assert [n for n in range(100) if f"line {n} of" not in written] == []
    finally:
        for handler in logging.getLogger().handlers[:]:
            handler.close()
        logging.getLogger().handlers[:] = before
