"""The judge's JSON form: one object with the rules, the image and its defects; the answer as another."""

from collections.abc import Mapping
from typing import Any

from regions import fields
from regions.boxes import Boxes, ImageToJudge
from regions.judgement import Judgement
from regions.rules import CameraRules


def image_from_case(case: Any) -> ImageToJudge:
    """Read one case. Numbers of defects may be null, NaN or infinite. Raises FieldError."""
    found = fields.mapping(case, "case")
    image = fields.mapping(fields.member(found, "image", "image"), "image")
    defects = fields.sequence(fields.member(found, "defects", "defects"), "defects")
    rows = [_defect(fields.mapping(row, f"defects[{n}]"), f"defects[{n}]") for n, row in enumerate(defects)]
    return ImageToJudge(
        rules=CameraRules.from_json(found),
        width=_length(image, "width"),
        height=_length(image, "height"),
        boxes=Boxes.of(*(list(column) for column in zip(*rows, strict=True)))
        if rows
        else Boxes.of([], [], [], [], []),
    )


def answer_of(judgement: Judgement) -> dict[str, Any]:
    """The answer: the verdict, and for each defect whether it is ignored, why it fails, whether it is for
    review; `problem` says why an image is unjudgeable."""
    columns = (
        judgement.ids.tolist(),
        judgement.ignored.tolist(),
        judgement.reasons,
        judgement.review.tolist(),
    )
    defects = [
        {"id": defect, "ignored": ignored, "reasons": list(reasons), "review": review}
        for defect, ignored, reasons, review in zip(*columns, strict=True)
    ]
    answer: dict[str, Any] = {"verdict": judgement.verdict, "defects": defects}
    return answer if judgement.problem is None else {**answer, "problem": judgement.problem}


def _length(image: Mapping[str, Any], name: str) -> int | None:
    return fields.whole_number(image[name], f"image.{name}") if image.get(name) is not None else None


def _defect(row: Mapping[str, Any], path: str) -> tuple[Any, ...]:
    def side(name: str) -> float | None:
        return fields.number_or_null(fields.member(row, name, f"{path}.{name}"), f"{path}.{name}")

    return (
        fields.whole_number(fields.member(row, "id", f"{path}.id"), f"{path}.id"),
        side("x"),
        side("y"),
        side("width"),
        side("height"),
        fields.number_or_null(row.get("confidence"), f"{path}.confidence"),
        fields.flag(row.get("suppressed", False), f"{path}.suppressed"),
    )
