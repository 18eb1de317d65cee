"""What the feed brings: rows of the plant as frozen values, and the batch of one tick.

Times are timezone-aware UTC, or None where the plant's value is NULL, infinite or outside the years
2000–2999. `generation` counts how often the plant database was set back to an older state; together with the
plant's id it names a row for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hmi.plant.generations import Generations

if TYPE_CHECKING:
    from hmi.plant.server_facts import ServerFacts


@dataclass(frozen=True, slots=True)
class Trigger:
    generation: int
    id: int
    timestamp: datetime | None
    label: int | None
    part_instance: str | None
    belt: str | None
    part: str | None


@dataclass(frozen=True, slots=True)
class Image:
    generation: int
    id: int
    trigger_generation: int
    trigger: int | None
    camera: str | None
    media_id: str | None
    path: str | None


@dataclass(frozen=True, slots=True)
class Defect:
    generation: int
    id: int
    image_generation: int
    image: int | None
    x: int | None
    y: int | None
    width: int | None
    height: int | None
    confidence: float | None
    type: str | None
    disposition: str | None
    dispositioned_at: datetime | None
    suppressed: bool  # supression_timestamp is set; a row in Suppressed_Defects comes as a Suppression
    hmi_metadata: Mapping[str, Any] | None  # our own key ("hmi") of the jsonb column, nothing of the others'


@dataclass(frozen=True, slots=True)
class Suppression:
    id: int
    defect_generation: int
    defect: int | None  # None only where it is gone: its row names no defect, or is not there

    @property
    def target(self) -> tuple[int, int] | None:
        """The key of the defect."""
        return None if self.defect is None else (self.defect_generation, self.defect)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one successful read of the plant brought.

    `began_s` is the watched time (seconds during which reads of the plant succeeded; it stands still while
    they fail) at which this read began. New and changed rows look alike: whoever stores them compares.
    """

    began_s: float
    triggers: tuple[Trigger, ...] = ()
    images: tuple[Image, ...] = ()
    defects: tuple[Defect, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    gone_triggers: tuple[tuple[int, int], ...] = ()  # (generation, id) of rows that were there and are not
    gone_images: tuple[tuple[int, int], ...] = ()
    gone_defects: tuple[tuple[int, int], ...] = ()
    gone_suppressions: tuple[Suppression, ...] = ()  # as they were last seen, where that is known
    # Whole small tables and hand inspections by column name, JSON-able: times are ISO 8601 text, in UTC where
    # the plant has a zone and else, as in HumanInspect and Outflow, the plant's local time without offset.
    tables: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    human_inspections: tuple[Mapping[str, Any], ...] = ()
    generations: Generations = field(default_factory=Generations)  # which one an id belongs to now
    rewound: bool = False  # this read found that the plant database was set back: a new generation began
    more: bool = False  # a window was full: read again at once; in a batch of the past: there are older parts
    past: bool = False  # from before the feed began: complete parts, with watched time 0
    position: Mapping[str, Any] = field(default_factory=dict)  # JSON-able; hand it back to resume
    absent: tuple[str, ...] = ()  # "Table.column" that the contract check misses
    remarks: tuple[
        str, ...
    ] = ()  # sentences for administrators: what is missing, of another type, unreadable now
    clock_skew_s: float | None = None  # plant server's clock minus ours
    lag_s: float | None = None  # a standby: so many seconds behind its primary
    server: "ServerFacts | None" = None  # as it was last asked, once a minute

    @property
    def brings_rows(self) -> bool:
        """Whether a part, or something on one, is new, changed or gone."""
        rows = (self.triggers, self.images, self.defects, self.suppressions, self.human_inspections)
        return self.rewound or any(rows) or any((self.gone_triggers, self.gone_images, self.gone_defects))
