"""A store that does not answer makes nobody somebody; a flood of guesses costs the kiosks nothing."""

import re
import threading
from urllib.parse import urlencode

import pytest
from sqlalchemy.engine import make_url

from tests.people import PAGE, opened, settle_in, sign_in, signed_in, store_of
from tests.plants import VisionSystem
from tests.proxy import Proxy
from tests.servers import Kiosk, Server
from tests.waiting import until


@pytest.fixture
def cable(postgres_server, migrated):
    """A store behind a cable: its address, and the proxy that is the cable."""
    with postgres_server.database(migrated) as url:
        address = make_url(url)
        with Proxy(address.port) as proxy:
            through = address.set(host="127.0.0.1", port=proxy.port)
            yield through.render_as_string(hide_password=False), proxy


@pytest.mark.postgres
def test_without_the_store_the_grid_is_shown_and_nobody_is_let_further(cable, settings_of):
    url, proxy = cable
    with opened(settings_of(store={"url": url})) as app:
        settle_in(store_of(app))
        sven, ada = signed_in(app, "Sven"), signed_in(app, "Ada")
        proxy.cut()
        assert sven.get("/", headers=PAGE).status_code == 200
        for browser in (sven, ada):
            assert browser.get("/account", headers=PAGE).status_code == 503
            assert browser.get("/admin/users", headers=PAGE).status_code == 503
        assert sign_in(app.test_client(), "Sven").status_code == 503
        proxy.pass_on()
        until(lambda: sven.get("/account", headers=PAGE).status_code == 200)


@pytest.mark.postgres
def test_without_the_store_a_closed_grid_stays_closed(cable, settings_of):
    url, proxy = cable
    with opened(settings_of(store={"url": url}, auth={"open_grid": False})) as app:
        settle_in(store_of(app))
        sven = signed_in(app, "Sven")
        proxy.cut()
        assert sven.get("/live").status_code == 503
        assert sven.get("/", headers=PAGE).status_code == 503
        assert app.test_client().get("/live").status_code == 401


class Guesser:
    """Sends guesses as fast as they are answered, with a form of its own."""

    def __init__(self, server: Server) -> None:
        self._server = server
        page = server.get("/sign-in")
        self._token = re.search(rb'name="csrf_token" value="([^"]+)"', page.body)[1].decode()
        self._cookie = page.headers["set-cookie"].split(";")[0]
        self.statuses: list[int] = []

    def run(self, times: int) -> None:
        for number in range(times):
            fields = {"csrf_token": self._token, "name": f"name {number % 20}", "password": f"guess {number}"}
            headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode(fields).encode()
            self.statuses.append(self._server.ask("POST", "/sign-in", body, headers=headers).status)


def test_kiosks_go_on_under_a_flood_of_guesses(tmp_path):
    plant = f"sqlite:///{(tmp_path / 'plant.db').as_posix()}"
    VisionSystem(plant).build()
    with Server(tmp_path / "server", plant) as server:
        until(server.is_fresh, 20)
        guessers = [Guesser(server) for _ in range(8)]
        threads = [threading.Thread(target=guesser.run, args=(60,)) for guesser in guessers]
        with Kiosk(server) as kiosk:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(90)
        answers = [status for guesser in guessers for status in guesser.statuses]
        assert set(answers) <= {422, 429, 503}
        assert answers.count(422) == 60
        assert kiosk.unanswered == []
        assert kiosk.statuses <= {200, 204}
        assert kiosk.slowest_s() < 2.0
