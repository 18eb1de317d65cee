"""Reading forms: only the fields that a page has, only text that can be text."""

from collections.abc import Mapping

from flask import abort, request

LONGEST = 4096
OURS = frozenset({"csrf_token"})


def read(*fields: str) -> Mapping[str, str]:
    """The fields of the form that was sent; those left out are empty.

    Answers 422 to a field that the page does not have or that is there twice, and 400 to a NUL.
    """
    found = dict.fromkeys(fields, "")
    for name, values in request.form.lists():
        if name in OURS:
            continue
        if name not in found or len(values) > 1 or len(values[0]) > LONGEST:
            abort(422)
        if "\0" in values[0]:
            abort(400)
        found[name] = values[0]
    return found


def refuse_nul() -> None:
    """400 for a NUL anywhere in the address: no database has text with one."""
    texts = (request.path, *(value for _, value in request.args.items(multi=True)))
    if any("\0" in text for text in texts):
        abort(400)
