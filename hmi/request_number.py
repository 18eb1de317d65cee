"""The number of the request that is being answered, wherever in the program one is."""

from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_number", default="")
set_current, reset = _current.set, _current.reset


def current() -> str:
    """Empty outside of any request."""
    return _current.get()
