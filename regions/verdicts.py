"""Verdicts of images and parts, once people's decisions and time are known. Pure functions."""

from collections.abc import Collection, Iterable

from regions.judgement import Judgement

#: From worst to best. `missing` and `unreadable` are equally bad.
VERDICTS = ("fail", "missing", "unreadable", "waiting", "review", "accepted", "pass")

#: What is known of the image's file: it can be read or need not be; its place does not answer, so nothing is
#: known; its place answers, and it is absent or broken.
FILE_STATES = ("readable", "waiting", "unreadable")


def image_verdict(
    judgement: Judgement | None,
    okayed_ids: Collection[int],
    scrapped_ids: Collection[int],
    settled: bool,
    file_state: str,
) -> str:
    """One of VERDICTS for one expected image.

    `judgement` is None while there is no row for the camera; `settled` then says that the grace time is over,
    and else that the image is fully analysed. The ids are the defects of this image that people decided on as
    things stand; a scrap counts even where the same defect is okayed. Raises ValueError for an unknown
    `file_state`.
    """
    if file_state not in FILE_STATES:
        raise ValueError(f"file_state: must be one of {', '.join(FILE_STATES)}")
    if scrapped_ids:
        return "fail"
    if judgement is None:
        return "missing" if settled else "waiting"
    failing = set(judgement.ids[judgement.failing].tolist())
    okayed = set(okayed_ids)
    if failing - okayed:
        return "fail"
    if judgement.verdict == "unjudgeable" or file_state == "unreadable":
        return "unreadable"
    if not settled or file_state == "waiting":
        return "waiting"
    doubtful = set(judgement.ids[judgement.review].tolist())
    if doubtful - okayed:
        return "review"
    return "accepted" if (failing | doubtful) & okayed else "pass"


def part_verdict(image_verdicts: Iterable[str]) -> str:
    """The worst of the verdicts of all expected cameras; `missing` where none is expected.

    Raises ValueError for a verdict that is none.
    """
    found = set(image_verdicts)
    if found.difference(VERDICTS):
        raise ValueError(f"verdict: must be one of {', '.join(VERDICTS)}")
    return next((verdict for verdict in VERDICTS if verdict in found), "missing")
