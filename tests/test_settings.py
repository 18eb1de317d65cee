"""Settings: one frozen value, or one line that names what is wrong."""

import re
from pathlib import Path

import pytest
import yaml

from hmi.settings import DEFAULTS, SECRETS, SettingsError, load_settings

SECRET = "a key for tests that is long enough, not for a plant"
PLANT = {
    "HMI_DATABASE__URL": "postgresql://hmi@db/plant",
    "HMI_STORE__URL": "sqlite:///store.db",
    "HMI_AUTH__SECRET_KEY": SECRET,
}


def said_by(config: Path | None = None, **environment: str) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(config, {**PLANT, **environment})
    return str(refused.value)


def written(folder: Path, text: str) -> Path:
    file = folder / "plant.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_any_configuration_the_demo_runs():
    assert load_settings(environment={}).is_demo


def test_the_environment_overrides_the_file(tmp_path):
    file = written(tmp_path, "server: {port: 8090}")
    assert load_settings(file, PLANT).server.port == 8090
    assert load_settings(file, {**PLANT, "HMI_SERVER__PORT": "8091"}).server.port == 8091


def test_hmi_config_names_the_file(tmp_path):
    file = written(tmp_path, "ui: {customer: Livonia}")
    assert load_settings(environment={**PLANT, "HMI_CONFIG": str(file)}).ui.customer == "Livonia"


def test_a_section_of_a_section_is_laid_over_key_by_key(tmp_path):
    file = written(tmp_path, "regions: {default_rule: {size_threshold: 2.0}}")
    rule = load_settings(file, PLANT).regions.default_rule
    assert (rule.size_threshold, rule.density_threshold) == (2.0, 3)


def test_the_plans_way_to_name_a_database_works():
    parts = {"HOST": "db", "USERNAME": "hmi", "PASSWORD": "p@ss/word", "DBNAME": "plant"}
    environment = {**PLANT, "HMI_DATABASE__URL": ""} | {
        f"HMI_DATABASE__{key}": value for key, value in parts.items()
    }
    assert (
        load_settings(environment=environment).database.address
        == "postgresql://hmi:p%40ss%2Fword@db:5432/plant"
    )


def test_a_password_is_put_into_an_address_without_one():
    settings = load_settings(environment={**PLANT, "HMI_DATABASE__PASSWORD": "s3cret"})
    assert settings.database.address == "postgresql://hmi:s3cret@db/plant"


def test_a_secret_is_read_from_its_file(tmp_path):
    (tmp_path / "key").write_text(SECRET + "\n", encoding="utf-8")
    config = written(tmp_path, f"auth: {{secret_key_file: '{(tmp_path / 'key').as_posix()}'}}")
    environment = {key: value for key, value in PLANT.items() if "AUTH" not in key}
    assert load_settings(config, environment).auth.secret_key == SECRET


@pytest.mark.parametrize(("section", "key"), sorted(SECRETS))
def test_a_secret_in_the_yaml_file_is_refused_and_not_repeated(tmp_path, section, key):
    said = said_by(written(tmp_path, f"{section}: {{{key}: hunter2hunter2}}"))
    assert f"{section}.{key}" in said
    assert "hunter2" not in said


def test_a_missing_secret_stops_the_start():
    assert "auth.secret_key" in said_by(HMI_AUTH__SECRET_KEY="")


def test_a_short_secret_stops_the_start_without_being_shown():
    said = said_by(HMI_AUTH__SECRET_KEY="tiny-secret")
    assert "auth.secret_key" in said
    assert "tiny" not in said


def test_a_plant_needs_a_store():
    assert "store.url" in said_by(HMI_STORE__URL="")


def test_a_server_for_others_needs_their_names_for_it():
    assert "server.hosts" in said_by(HMI_SERVER__HOST="0.0.0.0")


def test_a_camera_listed_twice_is_named(tmp_path):
    file = written(tmp_path, "line: {cameras: [{serial: A1}, {serial: A1}]}")
    assert "A1" in said_by(file)


MUTATIONS = [
    ("server: {prot: 1}", "server.prot"),
    ("sever: {port: 1}", "sever"),
    ("server: {port: eighty}", "server.port"),
    ("server: {port: 0}", "server.port"),
    ("server: {port: 70000}", "server.port"),
    ("server: {port: true}", "server.port"),
    ("server: {port: '8080'}", "server.port"),
    ("server: {port: 80.5}", "server.port"),
    ("server: {port: }", "server.port"),
    ("server: {https: 'yes'}", "server.https"),
    ("server: {threads: 0}", "server.threads"),
    ("server: {hosts: kiosk}", "server.hosts"),
    ("server: [1, 2]", "server"),
    ("server: 8080", "server"),
    ("- server", "sections"),
    ("just words", "sections"),
    ("server: {port: 1", "YAML"),
    ("server: {port: 1}\n\tx: 1", "YAML"),
    ("feed: {poll_s: -1}", "feed.poll_s"),
    ("feed: {poll_s: .nan}", "feed.poll_s"),
    ("feed: {poll_s: .inf}", "feed.poll_s"),
    ("feed: {backfill_parts: -5}", "feed.backfill_parts"),
    ("regions: {px_per_mm: 0}", "regions.px_per_mm"),
    ("regions: {px_per_mm: .nan}", "regions.px_per_mm"),
    ("regions: {px_per_mm: -3}", "regions.px_per_mm"),
    ("regions: {uncertainty_px: -1}", "regions.uncertainty_px"),
    ("regions: {outside_regions: sometimes}", "regions.outside_regions"),
    ("regions: {default_rule: {size_threshold: .inf}}", "regions.default_rule.size_threshold"),
    ("regions: {default_rule: {density_threshold: 0}}", "regions.default_rule.density_threshold"),
    ("regions: {default_rule: {density_threshold: 2.5}}", "regions.default_rule.density_threshold"),
    ("regions: {default_rule: {colour: red}}", "regions.default_rule.colour"),
    ("time: {zone: Mars/Olympus}", "time.zone"),
    ("time: {zone: ../../etc/passwd}", "time.zone"),
    ("time: {shifts: []}", "time.shifts"),
    ("time: {shifts: [{name: A, start: noon}]}", "time.shifts"),
    ("storage: {formats: [EPS]}", "storage.formats"),
    ("storage: {cache_size_mb: 0}", "storage.cache_size_mb"),
    ("storage: {roots: [{prefix: 'E:/'}]}", "storage.roots.0.source"),
    ("storage: {roots: [{prefix: 'E:/', source: /x, passwort: y}]}", "storage.roots.0.passwort"),
    ("line: {cameras: [{name: nameless}]}", "line.cameras.0.serial"),
    ("logging: {level: LOUD}", "logging.level"),
    ("logging: {backup_count: many}", "logging.backup_count"),
    ("auth: {algorithm: none}", "auth.algorithm"),
    ("auth: {open_grid: sometimes}", "auth.open_grid"),
    ("auth: {idle_minutes: 0}", "auth.idle_minutes"),
    ("auth: {kiosk_idle_minutes: .inf}", "auth.kiosk_idle_minutes"),
    ("auth: {absolute_hours: 1000}", "auth.absolute_hours"),
    ("auth: {password_min: 4}", "auth.password_min"),
    ("auth: {totp_roles: [boss]}", "auth.totp_roles"),
    ("auth: {trusted_proxies: [proxy.example]}", "auth.trusted_proxies"),
    ("auth: {proxy_header: X-Remote-User}", "trusted_proxies"),
    ("auth: {proxy_header: 'X: y', trusted_proxies: [10.0.0.1]}", "auth.proxy_header"),
    ("ui: {logo: nowhere.png}", "ui.logo"),
    ("ui: {logo: README.md}", "ui.logo"),
    ("review: {since: 2025-01-01T00:00:00}", "review.since"),
    ("review: {since: 0001-01-01T00:00:00Z}", "review.since"),
]


@pytest.mark.parametrize(("text", "named"), MUTATIONS)
def test_what_is_wrong_is_named_in_one_line(tmp_path, text, named):
    said = said_by(written(tmp_path, text))
    assert named in said
    assert "\n" not in said


def test_a_file_that_is_not_there_is_named(tmp_path):
    assert "nowhere.yaml" in said_by(tmp_path / "nowhere.yaml")


def test_a_file_that_is_not_text_is_named(tmp_path):
    file = tmp_path / "plant.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in said_by(file)


def test_an_unknown_key_in_the_environment_is_named():
    assert "server.prot" in said_by(HMI_SERVER__PROT="1")


def test_a_date_without_quotes_is_a_date(tmp_path):
    file = written(tmp_path, "review: {since: 2026-05-01T00:00:00Z}")
    assert load_settings(file, PLANT).review.since.year == 2026


def test_every_setting_is_documented_where_it_stands():
    lines = DEFAULTS.read_text(encoding="utf-8").splitlines()
    documented = 0
    for number, line in enumerate(lines):
        if re.match(r"  [a-z_]+:", line):
            above = lines[number - 1]
            assert above.lstrip().startswith("#") or re.match(r"  [a-z_]+:", above), line
            documented += 1
    assert documented == sum(len(keys) for keys in yaml.safe_load("\n".join(lines)).values())
