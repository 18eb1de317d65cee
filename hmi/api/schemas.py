"""What the API answers, as models: the specification and the JSON are both made of them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hmi.camera.values import ORDER

VerdictWord = Literal["fail", "missing", "unreadable", "waiting", "review", "accepted", "pass"]
Verdict = Annotated[str, Field(json_schema_extra={"enum": list(VerdictWord.__args__)})]
Judged = Annotated[str, Field(json_schema_extra={"enum": list(ORDER)})]
Reference = Annotated[str, Field(examples=["318732"])]
Px = Annotated[int | None, Field(description="px of the full image; null where the plant has none")]
Time = Annotated[datetime | None, Field(examples=["2026-05-08T14:09:53.649285Z"])]


class Answer(BaseModel):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True, ser_json_inf_nan="null")


class FieldError(Answer):
    field: str = Field(examples=["size_threshold"])
    text: str = Field(examples=["Input should be a finite number"])


class Problem(Answer):
    """An error (RFC 9457). Kinds of problems have members of their own beside these."""

    model_config = ConfigDict(extra="allow", json_schema_serialization_defaults_required=False)

    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["Somebody was first: Ada said okay at 14:09:53."])
    errors: list[FieldError] = Field(default=[], description="422: what is wrong, by field")


class Fresh(Answer):
    snapshot: int = Field(
        description="Counts every change that a screen shows; never goes back", examples=[8412]
    )
    is_live: bool = Field(description="Whether the plant database is being read now; false: this is old")
    trouble: str = Field(description="Why it is not being read; empty where it is", examples=[""])


class Image(Answer):
    """One picture of a run."""

    id: Reference
    plant_id: int = Field(description="As it stands in the plant database", examples=[318732])
    run: Reference | None = Field(description="The trigger that it belongs to", examples=["64372"])
    camera: str | None = Field(examples=["DM08617AAK00001"])
    serial: str | None = Field(description="Of the part", examples=["38A25125390338RFML3P 7006 MC"])
    part_type: str | None = Field(examples=["39MC"])
    triggered_at: Time = Field(description="The trigger's own time; null where the plant's is unusable")
    first_seen_at: datetime = Field(description="When its row was first seen here")
    width_px: Px
    height_px: Px
    verdict: Verdict
    text: str = Field(description="Why, in one line", examples=["2 of 14 defects fail"])
    rules_version: int | None = Field(examples=[12])
    px_per_mm: float | None = Field(description="The scale that it was judged by", examples=[11.9685])
    defects: int = Field(examples=[14])
    fails: int = Field(examples=[2])
    reviews: int = Field(examples=[0])
    undecided: int = Field(description="Defects that wait for a decision", examples=[2])
    file_state: str = Field(examples=["whole"])
    file_name: str | None = Field(examples=["05-08-2025_09-53-53-649285_1-5_39MC.jpg"])
    file: str = Field(description="Address of the file", examples=["/api/images/318732/file"])
    thumbnail: str | None = Field(description="Address of the picture with its markers drawn in")
    page: str = Field(description="Address of its page for people", examples=["/images/318732"])


class Part(Answer):
    """One run: a part in front of the cameras."""

    run: Reference = Field(examples=["64372"])
    plant_id: int = Field(examples=[64372])
    serial: str | None = Field(examples=["38A25125390338RFML3P 7006 MC"])
    part_type: str | None = Field(examples=["39MC"])
    belt: str | None
    triggered_at: Time
    first_seen_at: datetime
    verdict: Verdict
    cameras_expected: int = Field(examples=[5])
    cameras_judged: int = Field(examples=[5])
    rules_version: int | None = Field(examples=[12])
    decision: str | None = Field(description="What people decided on the part; never changes the verdict")
    review_open: bool = Field(description="People have something to decide on it")
    settled_at: Time = Field(description="Since when no camera of it is waiting")
    changed_at: Time = Field(description="When its verdict last changed after that")
    changed_after_decision_at: Time
    acknowledged_at: Time
    acknowledged_by: str | None
    state: str = Field(description="Names this state of the part for a decision")


class Camera(Answer):
    serial_number: str = Field(examples=["DM08617AAK00001"])
    name: str = Field(examples=["Valve body face"])
    number: str = Field(description="What people call it", examples=["1-5"])
    part_types: list[str] = Field(description="Those that it is expected to take; empty: all")
    belts: list[str]
    px_per_mm: float | None = Field(description="The scale that judges it; null: it cannot be judged")
    fault: str | None = Field(description="Why it cannot be judged")
    run: Reference | None = Field(description="The part in front of the cameras")
    verdict: Verdict | None = Field(
        description="For that part: waiting until its image is judged; null: not expected to see it"
    )
    image: Reference | None = Field(description="Its newest image, which may be of an older part")


class OneCamera(Camera, Fresh):
    """A camera, and whether what is said of it is fresh."""


class Cameras(Fresh):
    items: list[Camera]


class CameraLatest(Answer):
    """What a camera says of the part in front of it; and its newest image, maybe of an older part."""

    camera: str = Field(examples=["DM08617AAK00001"])
    title: str
    verdict: Verdict | None = Field(
        description="For the part in front of the cameras; null: not expected to see it"
    )
    text: str
    image: Image | None


class Latest(Fresh):
    part: Part | None = Field(description="The part in front of the cameras")
    items: list[CameraLatest]


class LatestOfCamera(Fresh):
    part: Part | None
    latest: CameraLatest


class RunImages(Answer):
    part: Part
    items: list[Image]


class Defect(Answer):
    """A box that the vision system drew, and what became of it."""

    id: Reference = Field(examples=["215004"])
    plant_id: int = Field(examples=[215004])
    image: Reference | None
    x_px: Px
    y_px: Px
    width_px: Px
    height_px: Px
    size_mm: float | None = Field(description="Longer side", examples=[1.67])
    verdict: Judged = Field(description="What rules and decisions make of it")
    region: str = Field(examples=["Face A"])
    limit: str = Field(examples=["< 1.00 mm"])
    reasons: list[str] = Field(examples=[["size"]])
    why: list[str] = Field(description="The same in sentences")
    confidence: float | None
    type: str | None
    decision: str | None = Field(description="In force: okay, scrap or none", examples=["okay"])
    decided_by: str | None
    decided_at: Time
    disposition: str | None = Field(description="As it stands in the plant database", examples=["Part Okay"])
    dispositioned_at: Time
    state: str = Field(description="Names this state of the defect: a decision says what it was made on")


class Defects(Answer):
    items: list[Defect]
    next: str | None = Field(description="cursor of the next page")


class Decision(Answer):
    """One entry of what people said, on a defect or on a part."""

    id: int
    subject: Literal["defect", "part"]
    of: Reference
    run: Reference | None
    image: Reference | None
    act: Literal["decide", "propose", "undo", "comment"]
    word: str = Field(examples=["okay"])
    label: str = Field(examples=["okay (false call)"])
    in_force: str | None = Field(description="The word that counts after this entry")
    undoes: int | None
    who: str = Field(examples=["Ada"])
    role: str
    station: str | None
    at: datetime
    reason: str
    rules_version: int | None
    signed_name: str | None
    signed_at: Time
    meaning: str | None


class Decisions(Answer):
    items: list[Decision]
    next: str | None


class Decided(Answer):
    decision: Decision
    state: str = Field(description="What the next decision is made on")
    repeated: bool = Field(description="It had been taken before, under the same key")


class Parts(Answer):
    items: list[Part]
    next: str | None


class VerdictEntry(Answer):
    """What the rules said of one camera of one run, by which rules and scale, and why."""

    id: int
    run: Reference
    camera: str
    image: Reference | None
    verdict: Verdict
    rules_version: int | None
    px_per_mm: float | None
    text: str
    at: datetime
    current: bool
    findings: list[dict[str, Any]] = Field(description="Defects that did not simply pass, the worst first")


class PartWithAll(Part):
    images: list[Image]
    verdicts: list[VerdictEntry]
    decisions: list[Decision]


class Verdicts(Answer):
    items: list[VerdictEntry]
    next: str | None


class AuditEntry(Answer):
    id: int
    at: datetime
    kind: str = Field(examples=["decision"])
    who: str
    station: str | None
    subject: str
    details: dict[str, Any]
    hmac: str


class AuditEntries(Answer):
    items: list[AuditEntry]
    next: str | None


class Region(Answer):
    """A row of "Regions". Limits that are null are off."""

    id: str = Field(examples=["7"])
    camera_id: str = Field(examples=["DM08617AAK00001"])
    region_id: str = Field(description="Its name", examples=["Face A"])
    kind: str = Field(examples=["inspect"])
    part_number: str | None = Field(description="null: every part type")
    active: bool
    description: str | None
    polygon: list[list[float]] = Field(
        description="px of the full image", examples=[[[0, 0], [400, 0], [400, 300]]]
    )
    size_threshold: float | None = Field(description="mm; this long or longer fails", examples=[1.0])
    density_threshold: int | None
    proximity_threshold: float | None = Field(description="mm")
    ignore_below_mm: float | None
    max_count: int | None
    max_area_percent: float | None
    min_edge_mm: float | None
    min_confidence: float | None
    created_at: datetime
    updated_at: datetime


class Regions(Answer):
    version: int = Field(description="Newest version of the rules", examples=[12])
    items: list[Region]


class Published(Answer):
    version: int = Field(description="Of the rules, with this in it", examples=[13])
    region: Region | None = Field(description="As it is published; null where it was ended")


class Token(Answer):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token
    expires_in: int = Field(description="Seconds", examples=[1800])
