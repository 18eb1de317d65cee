"""Schemathesis over the whole specification of the API, once for each of those who may ask.

All of its checks; CONFIG says which refusals are right for what fits the specification. There is a part that
fails in front of the cameras, so that requests get further than to a 404.
"""

import json
import subprocess
import tempfile
from pathlib import Path

from hmi.auth import accounts, passwords, tokens
from hmi.store import Store
from hmi.store.users import ADMINISTRATOR, ENGINEER, OPERATOR, SUPERVISOR
from tests.conformance.environment import environment
from tests.plants import VisionSystem
from tests.servers import Server
from tests.waiting import until

PASSWORD = "vier Igel im Ofenrohr"
#: who asks: None is nobody
ROLES = {None: None, "Olga": OPERATOR, "Sven": SUPERVISOR, "Edda": ENGINEER, "Ada": ADMINISTRATOR}
MACHINES = {"Robot": ["read", "decide"], "CAD": ["regions"]}
SECONDS = 9  # for each of them
CONFIG = """
[checks]
# what fits may name nothing (404), come second (409), lack a reason (422) or be of somebody who may not (403)
positive_data_acceptance.expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429"]
negative_data_rejection.expected-statuses = ["4xx"]
missing_required_header.expected-statuses = ["4xx"]
"""


def run() -> bool:
    """Whether every answer to every one of them was one that the specification names, and none a fault."""
    programs = environment("api")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")
        plant = VisionSystem(f"sqlite:///{folder / 'plant.db'}")
        plant.build()
        plant.part(defects=0, images=2)
        plant.defect(1, width=60, height=60)
        (folder / "images").mkdir()
        with Server(folder / "server", plant.url, images=folder / "images") as server:
            tokens_of = _tokens(server)
            until(lambda: server.get("/api/images/1").status == 200, 30)
            passed = [_passes(folder, programs, server, who, token) for who, token in tokens_of.items()]
            complaints = server.complaints(expected=["image", "rules v"])
    print(*complaints, sep="\n")
    return all(passed) and not complaints


def _tokens(server: Server) -> dict[str, str]:
    """Who asks, with the token that they ask with."""
    store = server.store()
    try:
        _people(store)
    finally:
        store.close()
    found = {"nobody": ""}
    for name in filter(None, ROLES):
        body = json.dumps({"username": name, "password": PASSWORD}).encode()
        answer = server.ask("POST", "/api/auth/token", body, headers={"Content-Type": "application/json"})
        found[name] = json.loads(answer.body)["access_token"]
    with server.store().write() as session:
        found |= {name: tokens.make(session, "tests", name, scopes) for name, scopes in MACHINES.items()}
    return found


def _people(store: Store) -> None:
    with store.write() as session:
        for name, role in ROLES.items():
            if name is not None and role is not None:
                user = accounts.add(session, "tests", name, role, password=None)
                user.password_hash = passwords.hash_of(PASSWORD)


def _passes(folder: Path, programs: Path, server: Server, who: str, token: str) -> bool:
    print(f"schemathesis as {who}", flush=True)
    command = [
        programs / "schemathesis",
        "--config-file",
        folder / "schemathesis.toml",
        "run",
        f"{server.url}/api/openapi.json",
        "--checks=all",
        f"--max-time={SECONDS}",
        "--workers=2",
        "--seed=7",
        "--max-response-time=10",
        "--warnings=off",
        "--no-color",
        "--continue-on-failure",
    ]
    if token:
        command += ["--header", f"Authorization: Bearer {token}"]
    return subprocess.run(command, check=False, cwd=folder).returncode == 0
