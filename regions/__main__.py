"""`python -m regions`: judge cases from standard input, one JSON object a line.

Each is printed again with its `answer`. The first line that is no case ends the run with one line on
standard error and exit status 2.
"""

import json
import os
import sys
from typing import BinaryIO, TextIO

from regions.case import answer_of, image_from_case
from regions.engine import judge


def main(source: BinaryIO, target: TextIO, errors: TextIO) -> int:
    """Judge the lines of `source`. Returns the exit status."""
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            answered = _answered(line.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            target.flush()
            print(f"line {number}: {_reason(error)}", file=errors)
            return 2
        print(answered, file=target)
    target.flush()
    return 0


def _answered(line: str) -> str:
    case = json.loads(line)
    answer = answer_of(judge([image_from_case(case)])[0])
    return json.dumps({**case, "answer": answer})


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8 text"
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON ({error.msg} at column {error.colno})"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return str(error)


if __name__ == "__main__":
    try:
        status = main(sys.stdin.buffer, sys.stdout, sys.stderr)
    except BrokenPipeError:  # the reader went away; what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
