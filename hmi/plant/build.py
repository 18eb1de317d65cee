"""Raw rows of the plant become the values of `rows`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hmi.plant.generations import Generations
from hmi.plant.rows import Defect, Image, Suppression, Trigger
from hmi.plant.sources import COLUMNS, SUPPRESSIONS, Row, Source


def parts(
    there: Mapping[str, Source], rows: Mapping[str, Sequence[Row]], generations: Generations
) -> dict[str, Any]:
    """The fields of a Batch that hold rows, from raw rows by table."""
    makers = zip(COLUMNS, (triggers, images, defects, suppressions), strict=True)
    fields = {
        make.__name__: make(there[table], rows[table], generations) for table, make in makers if table in rows
    }
    if SUPPRESSIONS in rows:
        none = [row[0] for row in map(there[SUPPRESSIONS].values, rows[SUPPRESSIONS]) if row[1] is None]
        fields["gone_suppressions"] = ended(none, generations)
    return fields


def triggers(source: Source, rows: Iterable[Row], generations: Generations) -> tuple[Trigger, ...]:
    values = map(source.values, rows)
    return tuple(Trigger(generations.of("Triggers", row[0]), *row) for row in values)


def images(source: Source, rows: Iterable[Row], generations: Generations) -> tuple[Image, ...]:
    values = map(source.values, rows)
    return tuple(
        Image(generations.of("Images", row[0]), row[0], generations.of("Triggers", row[1]), *row[1:])
        for row in values
    )


def defects(source: Source, rows: Iterable[Row], generations: Generations) -> tuple[Defect, ...]:
    return tuple(_defect(source.values(row), generations) for row in rows)


def suppressions(source: Source, rows: Iterable[Row], generations: Generations) -> tuple[Suppression, ...]:
    """A row that names no defect suppresses none and is left out; it is among those that are gone."""
    values = map(source.values, rows)
    return tuple(
        Suppression(row[0], generations.of("Defects", row[1]), row[1]) for row in values if row[1] is not None
    )


def ended(ids: Iterable[int], generations: Generations) -> tuple[Suppression, ...]:
    """Rows that suppress nothing now, whatever they named before."""
    return tuple(Suppression(row_id, generations.newest, None) for row_id in ids)


def keys(table: str, rows: Iterable[Row], generations: Generations) -> tuple[tuple[int, int], ...]:
    """(generation, id) of each row."""
    return tuple((generations.of(table, row[0]), row[0]) for row in rows)


def _defect(values: list[Any], generations: Generations) -> Defect:
    row_id, image, *rest = values
    rest[-2] = bool(rest[-2])  # suppressed; a plant without the column suppresses nothing by it
    return Defect(generations.of("Defects", row_id), row_id, generations.of("Images", image), image, *rest)
