"""What the account may do in the plant database, for whoever sets it up. Only asks, never writes."""

from typing import NamedTuple

from hmi.plant.database import PlantDatabase, Session
from hmi.plant.tables import metadata

WRITTEN = ("disposition", "dispositioned_at", "metadata")  # of Defects, and nothing else anywhere


class Grant(NamedTuple):
    """One line of the check. ok is False where something is missing or there is more than needed."""

    what: str
    ok: bool
    text: str


def check_grants(database: PlantDatabase) -> list[Grant]:
    """Compare the account's rights with the ones that it needs. Raises PlantUnavailable.

    An SQLite file has no rights to ask for: one line says so.
    """
    with database.read() as session:
        if session.dialect != "postgresql":
            return [Grant("rights", True, "SQLite: whoever can open the file may do everything")]
        return [*_reading(session), *_writing(session), *_more_than_needed(session), *_publications(session)]


def _reading(session: Session) -> list[Grant]:
    sql = """
    SELECT name, to_regclass(quote_ident(name)) IS NOT NULL,
           coalesce(has_table_privilege(to_regclass(quote_ident(name)), 'SELECT'), false)
    FROM unnest(%s::text[]) AS name"""
    grants = []
    for name, is_there, ok in session.rows(sql, ("{" + ",".join(metadata.tables) + "}",)):
        text = (
            "granted"
            if ok
            else f'missing: GRANT SELECT ON "{name}"'
            if is_there
            else "the table is not there"
        )
        grants.append(Grant(f"SELECT on {name}", ok, text))
    return grants


def _writing(session: Session) -> list[Grant]:
    sql = """
    SELECT name, coalesce(has_column_privilege(attrelid, attnum, 'UPDATE'), false)
    FROM unnest(%s::text[]) AS name
    LEFT JOIN pg_attribute ON attrelid = to_regclass('"Defects"') AND attname = name AND NOT attisdropped"""
    grants = []
    for name, ok in session.rows(sql, ("{" + ",".join(WRITTEN) + "}",)):
        text = "granted" if ok else f'missing: GRANT UPDATE ({name}) ON "Defects"'
        grants.append(Grant(f"UPDATE of Defects.{name}", ok, text))
    return grants


def _more_than_needed(session: Session) -> list[Grant]:
    sql = """
    SELECT rolsuper, has_database_privilege(current_database(), 'CREATE'),
           coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
    FROM pg_roles WHERE rolname = current_user"""
    found = session.rows(sql)
    superuser, in_database, in_schema = found[0] if found else (False, False, False)
    questions = (
        ("superuser", superuser, "the account is a superuser; one with column grants is enough"),
        ("CREATE in the database", in_database, "the account may create schemas; it needs no such right"),
        ("CREATE in the schema", in_schema, "the account may create tables; it needs no such right"),
    )
    grants = [
        Grant(what, not may, text if may else "not granted, as it should be") for what, may, text in questions
    ]
    changeable = ", ".join(_changeable(session))
    text = (
        f"the account may change {changeable}"
        if changeable
        else "no other rows can be changed, as it should be"
    )
    return [*grants, Grant("changes elsewhere", not changeable, text)]


def _changeable(session: Session) -> list[str]:
    """Tables whose rows the account may add, remove or change beyond the columns that are written."""
    sql = """
    SELECT name FROM unnest(%s::text[]) AS name, to_regclass(quote_ident(name)) AS oid
    WHERE has_table_privilege(oid, 'INSERT, DELETE, TRUNCATE, UPDATE')
       OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = oid AND attnum > 0 AND NOT attisdropped
                  AND has_column_privilege(attrelid, attnum, 'UPDATE')
                  AND NOT (name = 'Defects' AND attname = ANY (%s::text[])))"""
    tables, columns = "{" + ",".join(metadata.tables) + "}", "{" + ",".join(WRITTEN) + "}"
    return [row[0] for row in session.rows(sql, (tables, columns))]


def _publications(session: Session) -> list[Grant]:
    names = [
        row[0]
        for row in session.rows("SELECT pubname FROM pg_publication WHERE puballtables ORDER BY pubname")
    ]
    if not names:
        return [Grant("publications of all tables", True, "none")]
    text = f"{', '.join(names)}: a table created here would stop its subscribers, so none ever is"
    return [Grant("publications of all tables", True, text)]
