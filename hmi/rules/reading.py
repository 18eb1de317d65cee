"""Reading a region or a default rule as somebody sends it; all that is wrong is said at once, by field."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import regions
from hmi.judging.publishing import LIMITS
from hmi.rules.shapes import ABOUT, DEFAULT_LIMITS, JsonObject
from regions import FieldError, PolygonError, Rule
from regions import fields as typed
from regions.rules import COUNTS, KINDS, OUTSIDE
from regions.validation import LARGEST_UNCERTAINTY_PX, MOST_VERTICES

KEY = re.compile(r"[A-Za-z0-9_-]{1,40}", re.ASCII)
MOST_REGIONS = 200
LONGEST_DESCRIPTION, LONGEST_PART = 1000, 100
SIGNIFICANT = 6  # digits of a limit: as many as "Regions" holds exactly
RESOLVED_PX = 5  # no camera tells apart what is smaller
NO_RULE = Rule(None, None, None, None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong or doubtful. `edges` are pairs that cross; edge n starts at vertex n."""

    field: str
    text: str
    edges: tuple[tuple[int, int], ...] = ()

    def to_json(self) -> JsonObject:
        said: JsonObject = {"field": self.field, "text": self.text}
        return {**said, "edges": [list(pair) for pair in self.edges]} if self.edges else said


class Refused(ValueError):
    """What was sent cannot be kept; nothing was."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.text}" for problem in problems))
        self.problems = problems


@dataclass
class Place:
    """Where a region is to lie: the image's size in px as far as known, and the regions beside it."""

    width: int | None = None
    height: int | None = None
    others: Sequence[Mapping[str, Any]] = ()


@dataclass
class _Reader:
    """Collects what is wrong while fields are read."""

    source: Mapping[str, Any]
    problems: list[Problem] = field(default_factory=list)

    def read(self, name: str, how: Callable[[Any, str], Any], usual: Any = None) -> Any:
        try:
            return how(self.source.get(name, usual), name)
        except PolygonError as error:
            self.problems.append(Problem(error.field, error.message, error.edges))
        except FieldError as error:
            self.problems.append(Problem(error.field, error.message))
        return usual


def region(source: Any, key: str, place: Place) -> JsonObject:
    """The region as it is kept. Raises Refused."""
    if not KEY.fullmatch(key):
        raise Refused(Problem("key", "must be 1 to 40 letters, digits, - or _"))
    reader = _of_known_fields(source, (*ABOUT, *LIMITS), "region")
    kind = reader.read("kind", lambda value, name: typed.choice(value, KINDS, name), "inspect")
    found: JsonObject = {
        "key": key,
        "region_id": reader.read("region_id", _name),
        "kind": kind,
        "part_number": reader.read("part_number", _part),
        "active": reader.read("active", typed.flag, True),
        "description": reader.read("description", _description),
        "polygon": reader.read("polygon", lambda value, name: _polygon(value, name, place), ()),
    }
    for name in LIMITS:
        limit = reader.read(name, _limit)
        found[name] = limit if kind == "inspect" else None
    found["ignore_below_mm"] = found["ignore_below_mm"] or None  # nothing is below nothing
    if not reader.problems:
        reader.problems += _clashes(found, place.others)
    if reader.problems:
        raise Refused(*reader.problems)
    return found


def default(source: Any) -> JsonObject:
    """A default rule as it is kept. Raises Refused."""
    reader = _of_known_fields(source, (*DEFAULT_LIMITS, "outside_regions", "uncertainty_px"), "default")
    found = {name: reader.read(name, _limit) for name in DEFAULT_LIMITS}
    found["outside_regions"] = reader.read(
        "outside_regions", lambda value, name: typed.choice(value, OUTSIDE, name)
    )
    found["uncertainty_px"] = reader.read("uncertainty_px", _uncertainty)
    if reader.problems:
        raise Refused(*reader.problems)
    return found


def warnings(rule: Mapping[str, Any], px_per_mm: float | None) -> list[Problem]:
    """What can be kept and is probably not meant."""
    found = []
    size, least = rule.get("size_threshold"), rule.get("ignore_below_mm")
    if size is not None and px_per_mm and size * px_per_mm < RESOLVED_PX:
        text = (
            f"{size:g} mm are {size * px_per_mm:.1f} px: below {RESOLVED_PX} px the camera resolves nothing."
        )
        found.append(Problem("size_threshold", text))
    if size is not None and least is not None and size < least:
        found.append(
            Problem("size_threshold", f"Defects below {least:g} mm are ignored: the limit begins there.")
        )
    pair = ("density_threshold", "proximity_threshold")
    given = [name for name in pair if rule.get(name) is not None]
    if len(given) == 1:
        missing = next(name for name in pair if name not in given)
        found.append(Problem(missing, "is empty: without both there is no test of clusters"))
    return found


def _of_known_fields(source: Any, known: Sequence[str], name: str) -> _Reader:
    if not isinstance(source, Mapping):
        raise Refused(Problem(name, "must be an object"))
    reader = _Reader(source)
    reader.problems += [Problem(str(one)[:60], "is not known") for one in source if one not in known]
    return reader


def _name(value: Any, path: str) -> str:
    name = typed.text(value, path).strip()
    regions.refuse_name(name, path)
    return name


def _part(value: Any, path: str) -> str | None:
    if value is None:
        return None
    part = typed.text(value, path)
    if not part or len(part) > LONGEST_PART or not part.isprintable():
        raise FieldError(path, f"must be a part type of at most {LONGEST_PART} characters, or null for all")
    return part


def _description(value: Any, path: str) -> str | None:
    if value is None:
        return None
    text = typed.text(value, path).strip()
    if len(text) > LONGEST_DESCRIPTION:
        raise FieldError(path, f"must have at most {LONGEST_DESCRIPTION:,} characters")
    if not text.replace("\n", " ").isprintable():
        raise FieldError(path, "has a character that cannot be shown")
    return text or None


def _polygon(value: Any, path: str, place: Place) -> list[list[float]]:
    pairs = typed.sequence(value, path)
    if len(pairs) > 2 * MOST_VERTICES:
        raise PolygonError(path, f"has more than {MOST_VERTICES} vertices")
    vertices = [_vertex(pair, f"{path}[{number}]") for number, pair in enumerate(pairs)]
    kept = regions.validate_polygon(vertices, width=place.width, height=place.height, path=path)
    return [list(vertex) for vertex in kept]


def _vertex(pair: Any, path: str) -> tuple[float, float]:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise FieldError(path, "must be a pair of numbers, [x, y]")
    x, y = (typed.number(value, path) for value in pair)
    return _rounded(x), _rounded(y)


def _rounded(value: float) -> float:
    """Hundredths of a px; what is no number stays, and is refused by name."""
    return round(float(value), 2) + 0.0 if abs(value) < 1e9 else value


def _limit(value: Any, path: str) -> float | int | None:
    if path in COUNTS:
        count = typed.whole_number_or_null(value, path)
        regions.validate_rule(_only(path, count))
        return count
    if isinstance(value, str) and "," in value:
        raise FieldError(path, "is written with a point: 1.5")
    number = typed.number_or_null(value, path)
    regions.validate_rule(_only(path, number))
    return None if number is None else float(f"{number:.{SIGNIFICANT}g}")


def _only(name: str, value: float | None) -> Rule:
    """A rule with this limit alone, so that each is looked at by itself."""
    empty: dict[str, Any] = {one.name: None for one in fields(Rule)}
    return Rule(**{**empty, name: value})


def _uncertainty(value: Any, path: str) -> float:
    doubt = typed.number(value, path)
    if not 0 <= doubt <= LARGEST_UNCERTAINTY_PX:
        raise FieldError(path, f"must be 0 to {LARGEST_UNCERTAINTY_PX:g} px")
    return float(f"{doubt:.{SIGNIFICANT}g}") + 0.0


def _clashes(found: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> list[Problem]:
    beside = [other for other in others if other["key"] != found["key"]]
    if len(beside) >= MOST_REGIONS:
        return [Problem("region", f"a camera has at most {MOST_REGIONS} regions")]
    name = regions.normalised(found["region_id"])
    for other in beside:
        if other["part_number"] == found["part_number"] and regions.normalised(other["region_id"]) == name:
            whose = f"part type {other['part_number']}" if other["part_number"] else "all part types"
            said = f"is taken: there is a region {other['region_id']} for {whose}"
            return [Problem("region_id", said)]
    return []
