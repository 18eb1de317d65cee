"""The judge: regions, rules and defects in, verdicts and reasons out. numpy and shapely, nothing else.

    judgements = judge([ImageToJudge(rules, width, height, boxes), …])

Positions are px of the full image, origin top-left, y down; limits are mm. `python -m regions` does the same
for JSON lines.
"""

from regions.boxes import Batch, Boxes, ImageToJudge
from regions.case import answer_of, image_from_case
from regions.engine import judge, judge_batch
from regions.errors import (
    FieldError,
    MissingFieldError,
    NumberError,
    PolygonError,
    TextError,
    WrongTypeError,
)
from regions.judgement import JUDGED, REASONS, DefectJudgement, Finding, Judged, Judgement
from regions.rules import TIE_MM, CameraRules, Region, Rule, polygon_from_json
from regions.validation import (
    normalised,
    refuse_name,
    validate_camera_rules,
    validate_default,
    validate_polygon,
    validate_region,
    validate_rule,
)
from regions.verdicts import FILE_STATES, VERDICTS, image_verdict, part_verdict

__all__ = [
    "FILE_STATES",
    "JUDGED",
    "REASONS",
    "TIE_MM",
    "VERDICTS",
    "Batch",
    "Boxes",
    "CameraRules",
    "DefectJudgement",
    "FieldError",
    "Finding",
    "ImageToJudge",
    "Judged",
    "Judgement",
    "MissingFieldError",
    "NumberError",
    "PolygonError",
    "Region",
    "Rule",
    "TextError",
    "WrongTypeError",
    "answer_of",
    "image_from_case",
    "image_verdict",
    "judge",
    "judge_batch",
    "normalised",
    "part_verdict",
    "polygon_from_json",
    "refuse_name",
    "validate_camera_rules",
    "validate_default",
    "validate_polygon",
    "validate_region",
    "validate_rule",
]
