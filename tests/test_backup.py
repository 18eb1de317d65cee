"""Backup and restore: from either database into either, while others write, and never over anything."""

import json
import re
import shutil
import threading
import zipfile
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, inspect, select, text
from sqlalchemy.types import JSON

from hmi import backup, cli_backup
from hmi.backup.rows import line_of, row_of
from hmi.backup.saving import names
from hmi.backup.without_secrets import without_secrets
from hmi.settings import load_settings
from hmi.store import Store, audit, migrate, state, users
from hmi.store.runs import Run
from hmi.store.sessions import SignedIn
from hmi.store.state import State
from tests.conftest import AUDIT_KEY, SECRET
from tests.desk import NOON, Desk
from tests.lines import BORDERLINE, LARGE, TWO_CAMERAS, Line, defect, image, trigger
from tests.people import PEOPLE, opened, settle_in, sign_in

ODD = "38A\t25\\125\n39\u2028ä\\N"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def target(request, tmp_path):
    """An empty place for a store: no file, or a database without tables."""
    if request.param == "sqlite":
        store = Store(f"sqlite:///{tmp_path / 'new' / 'store.db'}", audit_key=AUDIT_KEY)
    else:
        store = Store(request.getfixturevalue("postgres_url"), audit_key=AUDIT_KEY)
    yield store
    store.close()


def settings_for(settings_of):
    return settings_of(line={"cameras": TWO_CAMERAS, "settle_s": 5, "grace_s": 20})


def live_a_little(store, settings) -> None:
    """Runs with verdicts and open reviews, people, decisions, an audit."""
    settle_in(store)
    line = Line(settings, store)
    line.read(0, trigger(1, ODD), image(1, "A"), image(2, "B"), defect(1, 1, LARGE), defect(2, 2, BORDERLINE))
    line.read(0, trigger(2), image(3, "A", 2), image(4, "B", 2), defect(3, 3, LARGE))
    line.files(1, 2, 3, 4)
    line.read(5)
    line.read(10)
    desk = Desk(settings, store)
    desk.defect(1, "scrap", reason="ü \\ \t\n")
    desk.part(2, "use_as_is", reason="looked at it")


def everything(store) -> dict[str, list]:
    """Every row of every table that a backup holds, comparable between databases."""
    with store.engine.connect() as connection:
        found = {}
        for name in names(connection):
            columns = inspect(connection).get_columns(name)
            kinds = {column["name"]: column["type"] for column in columns}
            listed = ", ".join(f'"{column}"' for column in kinds)
            rows = connection.execute(text(f'SELECT {listed} FROM "{name}"'))
            found[name] = sorted(
                repr([_plain(value, kind, store) for value, kind in zip(row, kinds.values(), strict=True)])
                for row in rows
            )
        return found


def _plain(value, kind, store):
    if isinstance(kind, JSON):
        decoded = json.loads(value) if store.is_sqlite and value is not None else value
        return json.dumps(decoded, sort_keys=True)
    if hasattr(value, "isoformat"):
        return value.replace(tzinfo=None).isoformat(" ", "microseconds")
    return int(value) if isinstance(value, bool) else value


def without_counter(found: dict[str, list]) -> dict[str, list]:
    """A restored store counts on from the present time; the rest is as it was."""
    rows = [row for row in found["hmi_state"] if not row.startswith(f"['{state.VERSION}'")]
    return {**found, "hmi_state": rows}


def counter(store) -> int:
    with store.read() as session:
        return session.scalar(select(State.number).where(State.name == state.VERSION))


def test_what_was_saved_is_restored_into_either_database(store, target, settings_of, tmp_path):
    settings = settings_for(settings_of)
    live_a_little(store, settings)
    before = everything(store)
    saved = backup.save(tmp_path / "hmi.zip", settings, store)
    restored = backup.restore(tmp_path / "hmi.zip", target, AUDIT_KEY)
    after = everything(target)
    assert without_counter(after) == without_counter(before)
    assert restored == saved
    assert len(after["hmi_decision"]) == 2
    assert counter(target) > counter(store)
    with store.read() as one, target.read() as other:
        assert audit.head(other) == audit.head(one)
        assert audit.verify(other, AUDIT_KEY).faults == ()


def test_a_restored_store_goes_on(store, target, settings_of, tmp_path):
    """Ids that the database gives go on, decisions are taken, the search finds what was restored."""
    settings = settings_for(settings_of)
    live_a_little(store, settings)
    backup.save(tmp_path / "hmi.zip", settings, store)
    backup.restore(tmp_path / "hmi.zip", target, AUDIT_KEY)
    Desk(settings, target).defect(2, "okay")
    assert Desk(settings, target).in_force("defect", 2) == "okay"
    line = Line(settings, target)
    line.read(20, trigger(3), image(5, "A", 3))
    with target.read() as session:
        assert audit.verify(session, AUDIT_KEY).faults == ()
        assert session.scalar(select(func.count()).select_from(Run)) == 3
    with opened(settings_of(store={"url": target.url.render_as_string(hide_password=False)})) as app:
        browser = app.test_client()
        assert sign_in(browser, "Sven").status_code == 303
        assert b"38A25125390338RFML3P 7006 MC" in browser.get("/search?q=rfml3p").data


def test_nobody_is_signed_in_after_a_restore(store, target, settings_of, tmp_path):
    settle_in(store)
    with store.write() as session:
        user = users.by_name(session, "Sven")
        usual = {
            "how": "password",
            "address": "127.0.0.1",
            "began_at": NOON,
            "seen_at": NOON,
            "ends_at": NOON,
        }
        session.add(SignedIn(token_hash="0" * 64, user_id=user.id, **usual))
    backup.save(tmp_path / "hmi.zip", settings_for(settings_of), store)
    backup.restore(tmp_path / "hmi.zip", target, AUDIT_KEY)
    with target.read() as session:
        assert session.scalar(select(func.count()).select_from(SignedIn)) == 0
        assert {user.name for user in users.everybody(session)} == set(PEOPLE)


def test_a_backup_shows_one_moment_while_others_write(store, target, settings_of, tmp_path):
    settings = settings_for(settings_of)
    live_a_little(store, settings)
    with store.read() as session:
        head = audit.head(session)
    waited = []

    def decide_meanwhile(_name: str, _rows: int) -> None:
        """Somebody decides between the first two tables: this neither waits nor is seen."""
        if not waited:
            other = threading.Thread(target=lambda: Desk(settings, store).part(1, "scrap", reason="cracked"))
            other.start()
            other.join(10)
            waited.append(other.is_alive())

    backup.save(tmp_path / "hmi.zip", settings, store, decide_meanwhile)
    assert waited == [False]
    assert Desk(settings, store).in_force("part", 1) == "scrap"
    backup.restore(tmp_path / "hmi.zip", target, AUDIT_KEY)
    assert Desk(settings, target).in_force("part", 1) is None
    with target.read() as session:
        assert audit.head(session) == head


def test_a_store_that_is_used_is_never_restored_over(sqlite_store, settings_of, tmp_path):
    settings = settings_for(settings_of)
    live_a_little(sqlite_store, settings)
    backup.save(tmp_path / "hmi.zip", settings, sqlite_store)
    before = everything(sqlite_store)
    with pytest.raises(backup.CannotRestore, match="not empty"):
        backup.restore(tmp_path / "hmi.zip", sqlite_store, AUDIT_KEY)
    assert everything(sqlite_store) == before


def test_a_store_that_was_only_migrated_is_restored_into(store, settings_of, tmp_path, migrated_file):
    settings = settings_for(settings_of)
    shutil.copy(migrated_file, tmp_path / "first.db")
    first = Store(f"sqlite:///{tmp_path / 'first.db'}", audit_key=AUDIT_KEY)
    live_a_little(first, settings)
    backup.save(tmp_path / "hmi.zip", settings, first)
    backup.restore(tmp_path / "hmi.zip", store, AUDIT_KEY)
    assert without_counter(everything(store)) == without_counter(everything(first))
    first.close()


def test_a_backup_of_an_earlier_version_is_brought_to_this_one(store, target, settings_of, tmp_path):
    settings = settings_for(settings_of)
    live_a_little(store, settings)
    before = everything(store)
    migrate.move(store, migrate.revisions()[-2])
    backup.save(tmp_path / "hmi.zip", settings, store)
    backup.restore(tmp_path / "hmi.zip", target, AUDIT_KEY)
    assert migrate.current(target) == migrate.newest()
    assert without_counter(everything(target))["hmi_decision"] == before["hmi_decision"]


@contextmanager
def changed(path, member: str, change):
    """The same archive with one member changed, or left out."""
    other = path.with_name("changed.zip")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(other, "w") as after:
        for info in before.infolist():
            content = before.read(info)
            if info.filename == member:
                content = change(content)
            if content is not None:
                after.writestr(info.filename, content)
    yield other
    other.unlink()


@pytest.mark.parametrize(
    ("member", "change", "said"),
    [
        (
            "tables/hmi_run.copy",
            lambda content: content.replace(b"39MC", b"40MC", 1),
            "hmi_run.copy .* changed",
        ),
        ("tables/hmi_run.copy", lambda content: None, "missing"),
        ("settings.yaml", lambda content: content + b"\n", "settings.yaml .* changed"),
        ("manifest.json", lambda content: content.replace(b'"format": 1', b'"format": 2'), "manifest.json"),
        ("manifest.json", lambda content: content[:100], "manifest.json"),
        ("manifest.json", lambda content: None, "missing"),
    ],
)
def test_a_backup_that_was_changed_is_refused(sqlite_store, settings_of, tmp_path, member, change, said):
    settings = settings_for(settings_of)
    live_a_little(sqlite_store, settings)
    backup.save(tmp_path / "hmi.zip", settings, sqlite_store)
    new = Store(f"sqlite:///{tmp_path / 'new.db'}", audit_key=AUDIT_KEY)
    with changed(tmp_path / "hmi.zip", member, change) as other, pytest.raises(backup.NotABackup, match=said):
        backup.restore(other, new, AUDIT_KEY)
    assert not (tmp_path / "new.db").exists()
    new.close()


def test_a_file_that_is_cut_off_is_refused(sqlite_store, settings_of, tmp_path):
    backup.save(tmp_path / "hmi.zip", settings_for(settings_of), sqlite_store)
    whole = (tmp_path / "hmi.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(backup.NotABackup, match="cut off"):
        backup.check(tmp_path / "cut.zip", AUDIT_KEY)


def test_another_key_of_the_audit_is_said_before_anything_is_done(sqlite_store, settings_of, tmp_path):
    settings = settings_for(settings_of)
    live_a_little(sqlite_store, settings)
    backup.save(tmp_path / "hmi.zip", settings, sqlite_store)
    new = Store(f"sqlite:///{tmp_path / 'new.db'}", audit_key=b"another")
    with pytest.raises(backup.CannotRestore, match=r"auth\.audit_key"):
        backup.restore(tmp_path / "hmi.zip", new, b"another")
    assert not (tmp_path / "new.db").exists()
    new.close()


def test_a_backup_of_a_later_version_is_refused(sqlite_store, settings_of, tmp_path):
    backup.save(tmp_path / "hmi.zip", settings_for(settings_of), sqlite_store)

    def later(content: bytes) -> bytes:
        return content.replace(migrate.newest().encode(), b"9999")

    with (
        changed(tmp_path / "hmi.zip", "manifest.json", later) as other,
        pytest.raises(backup.CannotRestore, match="later version"),
    ):
        backup.check(other, AUDIT_KEY)


def test_where_the_disk_is_full_no_half_backup_stays(sqlite_store, settings_of, tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hmi.backup.archive.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        backup.save(tmp_path / "hmi.zip", settings_for(settings_of), sqlite_store)
    assert list(tmp_path.glob("hmi.zip*")) == []


def test_the_settings_in_a_backup_hold_no_secret_and_can_be_used_again(tmp_path):
    secrets = {
        "HMI_DATABASE__URL": "postgresql://hmi:s3cret@p@plant-db/porosity?password=s4cret&sslmode=require",
        "HMI_STORE__URL": "postgresql://hmi:s5cret@plant-db/hmi",
        "HMI_STORAGE__PASSWORD": "s6cret",
        "HMI_AUTH__SECRET_KEY": SECRET,
        "HMI_AUTH__AUDIT_KEY": SECRET[::-1],
    }
    own = {
        "line": {"cameras": TWO_CAMERAS},
        "storage": {"roots": [{"prefix": "E:\\images", "source": "ftp://hmi:s7cret@vision/images"}]},
        "auth": {"trusted_proxies": ["10.1.0.0/24"]},
    }
    before = load_settings(environment=secrets, **own)
    written = without_secrets(before)
    assert re.findall(r"s\dcret", written) == []
    assert SECRET not in written
    assert SECRET[::-1] not in written
    (tmp_path / "again.yaml").write_text(written, encoding="utf-8")
    assert yaml.safe_load(written)["database"]["url"] == "postgresql://hmi@plant-db/porosity?sslmode=require"
    again = load_settings(tmp_path / "again.yaml", {**secrets})
    assert again.line == before.line
    assert again.auth == before.auth
    assert again.time == before.time


KINDS = ["bool", "time", "int", "float", "json", "text"]
ROWS = st.tuples(
    st.none() | st.integers(0, 1),
    st.none() | st.datetimes().map(lambda at: at.isoformat(" ", "microseconds")),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.dictionaries(st.text(), st.text()).map(json.dumps),
    st.none() | st.text(st.characters(exclude_categories=["Cs"])),
)


@given(ROWS)
def test_a_row_comes_back_from_its_line(row):
    line = line_of(row, KINDS)
    assert line.count("\n") == 1
    assert row_of(line, KINDS) == list(row)


@pytest.mark.parametrize("line", ["", "t\n", "t\tno time\t1\t1\t{}\tx\n", "t\t\\N\tone\t1\t{}\tx\n"])
def test_a_line_that_is_none_is_refused(line):
    with pytest.raises(ValueError, match=r"."):
        row_of(line, KINDS)


def command(settings, *arguments: str):
    with opened(settings) as app:
        return app.test_cli_runner().invoke(args=list(map(str, arguments)))


def test_two_backups_of_one_second_have_two_names_in_their_order(tmp_path):
    at = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    names = []
    for _ in range(3):
        file = cli_backup._free_in(tmp_path, at)
        file.touch()
        names.append(file.name)
    assert names == [
        f"porosity-hmi-{at}.zip" for at in ("20261231-235959", "20270101-000000", "20270101-000001")
    ]


def test_the_commands_save_keep_some_check_and_restore(sqlite_store, settings_of, tmp_path):
    """The store of `settings_of` is the file of `sqlite_store`."""
    settings = settings_of(ui={"site": "Hall 9"})
    with sqlite_store.write() as session:
        session.info["audit_key"] = settings.auth.chain_key
        audit.record(session, "test", "ann", None, "thing", {})
    folder = tmp_path / "backups"
    folder.mkdir()
    for day in (1, 2, 3):
        (folder / f"porosity-hmi-2026050{day}-040000.zip").touch()
    done = command(settings, "backup", folder, "--keep", 2)
    assert done.exit_code == 0, done.output
    kept = sorted(folder.iterdir())
    assert kept[0].name[:21] == "porosity-hmi-20260503"
    assert len(kept) == 2
    assert "audit verified" in command(settings, "restore", kept[-1], "--check").output
    again = command(settings, "backup", kept[-1])
    assert (again.exit_code, "never written over" in again.output) == (1, True)
    assert "not empty" in command(settings, "restore", kept[-1]).output
    new = settings_of(store={"url": f"sqlite:///{tmp_path / 'new.db'}"})
    done = command(new, "restore", kept[-1], "--settings", tmp_path / "again.yaml")
    assert done.exit_code == 0, done.output
    assert "site: Hall 9" in (tmp_path / "again.yaml").read_text(encoding="utf-8")
    assert "1 entries" in command(new, "audit", "verify").output
