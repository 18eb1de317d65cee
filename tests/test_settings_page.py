"""`/admin/settings` shows every setting in force and where it comes from, and no secret."""

import html
import re
from pathlib import Path

import pytest
import yaml

from hmi.in_force import Setting, in_force
from hmi.settings import DEFAULTS, SECRETS, Settings, load_settings
from tests.conftest import SECRET
from tests.people import PAGE, opened, settle_in, signed_in

PLANT = {
    "HMI_DATABASE__URL": "postgresql://hmi@db/plant",
    "HMI_STORE__URL": "sqlite:///store.db",
    "HMI_AUTH__SECRET_KEY": SECRET,
}
HIDDEN = "hunter2-{}-is-long-enough-for-any-of-them"


@pytest.fixture
def app(sqlite_store, settings_of):
    settle_in(sqlite_store)
    with opened(settings_of()) as app:
        yield app


def shown(settings: Settings) -> dict[str, Setting]:
    return {f"{group.name}.{one.name}": one for group in in_force(settings) for one in group.settings}


def written(folder: Path, text: str) -> Path:
    file = folder / "plant.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def page_of(app, name: str = "Ada") -> str:
    return signed_in(app, name).get("/admin/settings", headers=PAGE).get_data(as_text=True)


def test_every_setting_stands_on_the_page_with_its_help(app):
    page = page_of(app)
    for section, keys in yaml.safe_load(DEFAULTS.read_text(encoding="utf-8")).items():
        panel = re.search(rf'<section class="panel" id="{section}".*?</section>', page, re.DOTALL)[0]
        assert re.findall(r'<th scope="row">(.*?)</th>', panel) == list(keys)
        assert '<td class="hint"></td>' not in panel


def test_no_secret_of_the_settings_stands_on_the_page(sqlite_store, settings_of, tmp_path):
    settle_in(sqlite_store)
    secret = {f"{section}.{key}": HIDDEN.format(f"{section}-{key}") for section, key in SECRETS}
    of_root, of_url, of_hook = (HIDDEN.format(name) for name in ("root", "url", "hook"))
    (tmp_path / "ftp").write_text(of_root, "utf-8")
    root = {"username": "hmi", "password_file": str(tmp_path / "ftp")}
    roots = [{"prefix": "E:\\images", "source": "ftp://server/images", **root}]
    sections: dict[str, dict[str, object]] = {
        "database": {"url": f"postgresql://hmi:{of_url}/@:x@db/plant?sslpassword={of_url}"},
        "storage": {"roots": roots},
        "webhook": {"url": f"https://mes.example/told?key={of_hook}"},
    }
    for section, key in SECRETS:
        sections[section] = {**sections.get(section, {}), key: secret[f"{section}.{key}"]}
    sections["store"] |= {"url": f"sqlite:///{tmp_path / 'store.db'}"}
    with opened(settings_of(**sections)) as app:
        page = html.unescape(page_of(app))
    assert "https://mes.example/told?…" in page
    assert "ftp://server/images" in page
    assert "postgresql://hmi@db/plant" in page
    for hidden in (*secret.values(), of_root, of_url, of_hook):
        assert hidden not in page


def test_texts_of_the_settings_are_texts(sqlite_store, settings_of):
    settle_in(sqlite_store)
    with opened(settings_of(ui={"site": "<script>alert(1)</script>"})) as app:
        assert "<script>alert" not in page_of(app)


def test_of_a_secret_it_says_whether_it_is_set():
    found = shown(load_settings(environment=PLANT))
    assert found["auth.secret_key"].value == "set"
    assert found["auth.audit_key"].value == "not set"


def test_it_says_where_each_value_comes_from(tmp_path):
    (tmp_path / "key").write_text(SECRET + "\n", encoding="utf-8")
    key_file = (tmp_path / "key").as_posix()
    file = written(tmp_path, f"ui: {{site: Livonia}}\nauth: {{secret_key_file: '{key_file}'}}\nfeed:")
    environment = {**PLANT, "HMI_SERVER__PORT": "8091"}
    del environment["HMI_AUTH__SECRET_KEY"]
    found = shown(load_settings(file, environment, time={"zone": "Europe/Berlin"}))
    origins = {name: one.origin for name, one in found.items() if one.is_own}
    assert origins == {
        "database.url": "variable HMI_DATABASE__URL",
        "store.url": "variable HMI_STORE__URL",
        "server.port": "variable HMI_SERVER__PORT",
        "ui.site": f"file {file}",
        "auth.secret_key_file": f"file {file}",
        "auth.secret_key": "the file that secret_key_file names",
        "time.zone": "the program",
    }
    assert found["ui.line"].origin == "default"


def test_the_environment_is_where_a_value_comes_from_that_a_file_sets_too(tmp_path):
    file = written(tmp_path, "server: {port: 8090}")
    found = shown(load_settings(file, {**PLANT, "HMI_SERVER__PORT": "8091"}))["server.port"]
    assert (found.value, found.origin) == ("8091", "variable HMI_SERVER__PORT")


def test_what_the_demo_sets_is_said_to_be_the_demos():
    settings = load_settings(environment={})
    database = settings.database.model_copy(update={"url": "sqlite:///var/demo/plant.db"})
    found = shown(settings.model_copy(update={"database": database}))
    assert found["database.url"].origin == "the demo plant"
    assert found["database.port"].origin == "default"


def test_settings_from_elsewhere_with_the_same_values_are_the_same(tmp_path):
    by_file = load_settings(written(tmp_path, "ui: {site: Livonia}"), PLANT)
    assert by_file == load_settings(environment={**PLANT, "HMI_UI__SITE": "Livonia"})


def test_values_read_as_one_would_write_them(tmp_path):
    roots = [{"prefix": "E:\\images", "source": "D:/images"}]
    found = shown(load_settings(environment=PLANT, storage={"roots": roots}))
    assert found["storage.roots"].value == "- prefix: E:\\images\n  source: D:/images"
    assert found["storage.formats"].value == "JPEG, PNG"
    assert found["server.hosts"].value == "none"
    assert found["server.https"].value == "false"
    assert found["feed.poll_s"].value == "0.5"
    assert found["storage.cache_size_mb"].value == "500"
    assert found["ui.site"].value == "empty"


@pytest.mark.parametrize("name", ["Olga", "Sven", "Edda"])
def test_only_administrators_see_the_settings(app, name):
    assert signed_in(app, name).get("/admin/settings", headers=PAGE).status_code == 403


def test_every_page_leads_an_administrator_to_the_settings(app):
    assert 'href="/admin/settings"' in signed_in(app, "Ada").get("/admin/audit", headers=PAGE).text
    assert 'href="/admin/settings"' not in signed_in(app, "Edda").get("/account", headers=PAGE).text
