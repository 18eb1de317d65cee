"""`python -m regions`: JSON lines in, the same lines with their answers out."""

import io
import json
import subprocess
import sys

import pytest

from regions.__main__ import main
from tests.regions_cases import CASES

CASE = json.loads(CASES.read_text(encoding="utf-8").splitlines()[0])


def run(*lines):
    source = b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    target, errors = io.StringIO(), io.StringIO()
    return main(io.BytesIO(source), target, errors), target.getvalue(), errors.getvalue()


def changed(path, value):
    case = json.loads(json.dumps(CASE))
    *steps, last = path
    place = case
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return case


def test_the_command_prints_every_line_with_its_answer():
    done = subprocess.run(
        [sys.executable, "-m", "regions"],
        input=CASES.read_bytes(),
        capture_output=True,
        cwd=CASES.parents[2],
        timeout=60,
        check=True,
    )
    assert done.stdout.decode().splitlines() == CASES.read_text(encoding="utf-8").splitlines()


def test_the_command_ends_with_status_two_on_what_is_no_case():
    done = subprocess.run(
        [sys.executable, "-m", "regions"],
        input=b"[]\n",
        capture_output=True,
        cwd=CASES.parents[2],
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr.splitlines()) == (
        2,
        b"",
        [b"line 1: case: must be an object"],
    )


def test_a_given_answer_is_replaced():
    _, out, _ = run({**CASE, "answer": {"verdict": "wrong"}})
    assert json.loads(out) == CASE


def test_blank_lines_are_passed_over():
    status, out, _ = run(CASE, b"", b"  ", CASE)
    assert (status, len(out.splitlines())) == (0, 2)


def test_lines_before_a_malformed_one_are_printed_and_the_error_names_the_line():
    status, out, errors = run(CASE, b"{", CASE)
    assert (status, len(out.splitlines())) == (2, 1)
    assert errors.startswith("line 2: is not JSON")


MALFORMED = [
    b"null",
    b"5",
    b"\xff\xfe",
    b"[" * 100_000,
    b"9" * 6000,
    changed(["defects"], ...),
    changed(["image"], ...),
    changed(["default"], ...),
    changed(["default", "size_threshold"], ...),
    changed(["default", "size_threshold"], "1"),
    changed(["px_per_mm"], ...),
    changed(["px_per_mm"], "10"),
    changed(["uncertainty_px"], None),
    changed(["outside_regions"], ["default"]),
    changed(["regions"], {}),
    changed(["regions"], [{}]),
    changed(["image"], 5),
    changed(["image", "width"], "wide"),
    changed(["defects", 0], 7),
    changed(["defects", 0, "id"], "one"),
    changed(["defects", 0, "id"], 10**30),
    changed(["defects", 0, "x"], "5"),
    changed(["defects", 0, "x"], True),
    changed(["defects", 0, "x"], ...),
    changed(["defects", 0, "x"], 10**400),
    changed(["defects", 0, "suppressed"], 1),
]


@pytest.mark.parametrize("line", MALFORMED)
def test_a_malformed_line_gives_one_clear_line_and_status_two(line):
    status, out, errors = run(line)
    assert (status, out) == (2, "")
    assert errors.startswith("line 1: ")
    assert errors.count("\n") == 1


NEVER_PASS = [
    changed(["px_per_mm"], None),
    changed(["px_per_mm"], 0),
    changed(["px_per_mm"], float("nan")),
    changed(["uncertainty_px"], float("inf")),
    changed(["default", "size_threshold"], float("nan")),
    changed(["default", "density_threshold"], float("inf")),
    changed(["default", "proximity_threshold"], -1),
]


@pytest.mark.parametrize("case", NEVER_PASS)
def test_values_that_nothing_can_be_judged_by_are_answered_with_the_problem(case):
    case["outside_regions"] = "default"
    status, out, _ = run(case)
    answer = json.loads(out)["answer"]
    assert (status, answer["verdict"]) == (0, "unjudgeable")
    assert answer["problem"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e308, -1e308])
def test_a_defect_at_no_real_place_is_for_review(value):
    _, out, _ = run(changed(["defects", 0, "x"], value))
    assert json.loads(out)["answer"]["defects"][0]["review"]
