"""People for the demo: one of each role, with passwords that are made anew at every start and shown once."""

import sys

from hmi.auth import accounts, passwords
from hmi.store import Store, users
from hmi.store.users import ROLES


def make(store: Store) -> None:
    """Add the demo's users to its new store and print their passwords, to the console and not to the log."""
    lines = []
    with store.write() as session:
        for role in ROLES:
            if users.by_name(session, role) is None:
                password = passwords.generated()
                accounts.add(session, "demo", role, role, password=password, must_change=False)
                lines.append(f"  {role:14} {password}")
    if lines:
        sys.stderr.write("\n".join(["demo users and their passwords until the next start:", *lines, ""]))
        sys.stderr.flush()
