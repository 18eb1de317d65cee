"""Who may poll where the grid is not open: whoever is signed in. A poll keeps nobody signed in."""

from typing import TYPE_CHECKING

from werkzeug.http import parse_cookie

from hmi import steady
from hmi.auth import cookies, people
from hmi.live import Admit
from hmi.settings import Settings
from hmi.store import Store, StoreUnavailable, sessions

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def gate(settings: Settings, store: Store) -> Admit | None:
    """What looks at a poll before it is answered; None where the grid is open to all."""
    if settings.auth.open_grid:
        return None

    def admit(environ: "WSGIEnvironment") -> int:
        token = cookies.token_of(parse_cookie(environ), settings)
        if not token:
            return 401
        try:
            with store.read() as session:
                found = sessions.find(session, token)
        except StoreUnavailable:
            return 503
        if found is None or not people.lives(*found, settings, steady.now()):
            return 401
        return 401 if people.owes(*found, settings) else 200

    return admit
