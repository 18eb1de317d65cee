"""The tables of the statistics page: the same rows on the page, beside each chart, and in its CSV."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hmi.statistics.control import ControlChart
from hmi.statistics.hand import BAD, GOOD, UNKNOWN, Agreement
from hmi.statistics.places import Places, hot_fields
from hmi.statistics.values import Spell, Statistics, Tally, Units, share

Cell = str | int | float | None
NAMELESS = "unknown"


@dataclass(frozen=True, slots=True)
class Table:
    """`bars` gives each row's share of the longest bar, 0 to 1; without it the table stands by itself."""

    name: str  # of its CSV
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bars: tuple[float, ...] = ()


def fail_rate(chart: ControlChart, unit: str) -> Table:
    columns = ("Time", f"{unit.capitalize()}s judged", "Failed", "Fail rate %", *_LIMITS)
    return Table("fail-rate", "Fail rate", columns, tuple(_control_rows(chart, 100)))


def per_unit(name: str, what: str, chart: ControlChart, unit: str) -> Table:
    columns = ("Time", f"{unit.capitalize()}s", what, f"Per {unit}", *_LIMITS)
    return Table(name, f"{what} per {unit}", columns, tuple(_control_rows(chart, 1)))


def verdicts(units: Units, words: Mapping[str, str]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (words.get(name, name), number, percent(number, units.total))
        for name, number in units.by_verdict.items()
    ]
    columns = ("Verdict", "Number", "Share %")
    return Table("verdicts", "Verdicts", columns, tuple(rows), _bars(rows))


def first_pass(spells: Iterable[Spell]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for spell in spells:
        units = spell.units
        of_first = percent(units.first_passed, units.first)
        rows.append((spell.name, units.total, units.first, units.first_passed, of_first))
    columns = ("Shift", "Parts", "First runs judged", "Passed at once", "First-pass yield %")
    bars = tuple(float(row[4] or 0) / 100 for row in rows)
    return Table("first-pass", "First-pass yield by shift", columns, tuple(rows), bars)


def pareto(name: str, title: str, what: str, tallies: Sequence[Tally], label: Callable[[str], str]) -> Table:
    """Largest first, with the share of all and the share that has come together up to here."""
    total, sofar = sum(tally.defects for tally in tallies), 0
    rows: list[tuple[Cell, ...]] = []
    for tally in sorted(tallies, key=lambda tally: (-tally.defects, tally.name)):
        sofar += tally.defects
        shares = percent(tally.defects, total), percent(sofar, total)
        rows.append((label(tally.name) or NAMELESS, tally.defects, tally.failing, *shares))
    columns = (what, "Defects", "Failing", "Share %", "Together %")
    return Table(name, title, columns, tuple(rows), _bars(rows))


def cameras(tallies: Sequence[Tally], label: Callable[[str], str]) -> Table:
    found = pareto("cameras", "Cameras", "Camera", tallies, label)
    by_number = sorted(tallies, key=lambda tally: (-tally.defects, tally.name))
    more = [
        (
            tally.images,
            tally.missing_images,
            tally.failed_images,
            percent(tally.failed_images or 0, tally.judged_images or 0),
        )
        for tally in by_number
    ]
    rows = tuple((*row, *of_images) for row, of_images in zip(found.rows, more, strict=True))
    columns = (*found.columns, "Images", "No image", "Failed images", "Failed of judged %")
    return Table(found.name, found.title, columns, rows, found.bars)


def part_decisions(said: Mapping[str, int], label: Callable[[str], str]) -> Table:
    rows: list[tuple[Cell, ...]] = [(label(word), number) for word, number in said.items()]
    columns = ("Decision", "Parts")
    return Table("part-decisions", "Decisions on parts", columns, tuple(rows), _bars(rows))


def false_calls(found: Statistics) -> Table:
    said = found.false_calls
    rows: list[tuple[Cell, ...]] = [
        ("Okay (false call)", said.okayed),
        ("Scrap (true defect)", said.scrapped),
        ("Not decided", said.open),
    ]
    bars = _bars(rows)
    return Table(
        "false-calls", "What people said of fails and reviews", ("Decision", "Defects"), tuple(rows), bars
    )


def hand(found: Agreement) -> Table:
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (line, *(found.pairs.get((line, people), 0) for people in (GOOD, BAD, UNKNOWN)))
        for line in (GOOD, BAD, UNKNOWN)
    )
    columns = ("The line said", "By hand good", "By hand bad", "By hand unknown")
    return Table("hand", "Agreement with hand inspections", columns, rows)


def spots(places: Places) -> Table:
    rows = tuple((round(spot.x), round(spot.y), spot.parts, spot.in_a_row) for spot in places.spots)
    columns = ("x (px)", "y (px)", "Parts", "In a row")
    return Table("spots", "Recurring spots", columns, rows)


def heat(places: Places) -> Table:
    """The fields of the heat map that have a defect, the most first."""
    columns = ("x from (px)", "x to", "y from (px)", "y to", "Defects")
    return Table("heat", "Heat map", columns, tuple(hot_fields(places)))


def percent(part: int, whole: int) -> float | None:
    found = share(part, whole)
    return None if found is None else round(100 * found, 2)


_LIMITS = ("Lower limit", "Mean", "Upper limit", "")


def _control_rows(chart: ControlChart, factor: int) -> Iterable[tuple[Cell, ...]]:
    for point in chart.points:
        mean = chart.mean if point.value is not None else None
        numbers = (point.value, point.lower, mean, point.upper)
        shown = (None if number is None else round(factor * number, 3) for number in numbers)
        yield (point.name, point.units, point.events, *shown, "outside" if point.is_outside else "")


def _bars(rows: Iterable[tuple[Cell, ...]]) -> tuple[float, ...]:
    """Of the second column, which holds the numbers."""
    numbers = [float(row[1] or 0) for row in rows]
    most = max(numbers, default=0.0)
    return tuple(number / most if most else 0.0 for number in numbers)
