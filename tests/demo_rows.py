"""What stands in a simulated plant."""

from typing import Any

from sqlalchemy import Executable, Table, func, select

from hmi.demo.ledger import connect


def rows(url: str, statement: Executable) -> list[Any]:
    engine = connect(url)
    with engine.connect() as connection:
        found = connection.execute(statement).all()
    engine.dispose()
    return list(found)


def count(url: str, table: Table) -> int:
    return int(rows(url, select(func.count()).select_from(table))[0][0])
