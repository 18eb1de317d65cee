"""What the README tells whoever sets the product up, for tests that do it."""

import re

from hmi.settings import PROJECT


def grants(role: str, *, to: str = "", password: str = "secret") -> tuple[str, ...]:
    """The statements of the block that makes this role, in order; for the role `to` where that is named."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```sql\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if f"CREATE ROLE {role} " in block]
    named = re.sub(rf"\b{role}\b", to or role, block).replace("PASSWORD '…'", f"PASSWORD '{password}'")
    return tuple(statement.strip() for statement in named.split(";") if statement.strip())
