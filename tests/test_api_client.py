"""The client of the documents, against the product as it is installed."""

import subprocess
import sys

from hmi.auth import accounts, passwords
from hmi.settings import PROJECT
from hmi.store.users import SUPERVISOR
from tests.people import PASSWORD
from tests.plants import VisionSystem
from tests.servers import Server
from tests.waiting import until


def test_the_client_reads_the_latest_part_and_decides_on_a_defect(tmp_path):
    plant = VisionSystem(f"sqlite:///{tmp_path / 'plant.db'}")
    plant.build()
    with Server(tmp_path / "server", plant.url, line={"settle_s": 0.3, "grace_s": 30}) as server:
        until(server.is_fresh, 30)
        plant.part(defects=0, images=1)
        plant.defect(1, width=60, height=60)
        store = server.store()
        with store.write() as session:
            accounts.add(
                session, "tests", "Sven", SUPERVISOR, password=None
            ).password_hash = passwords.hash_of(PASSWORD)
        store.close()
        until(lambda: server.get("/api/images/1").status == 200, 30)
        until(lambda: b'"undecided":1' in server.get("/api/images/latest").body, 30)
        command = [sys.executable, "docs/client.py", server.url, "Sven", PASSWORD, "scrap"]
        done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True, timeout=60)
        assert "defect 1 scrap" in done.stdout
        assert b'"decision":"scrap"' in server.get("/api/defects/1").body
        assert server.complaints() == []
