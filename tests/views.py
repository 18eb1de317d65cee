"""Whether a view was asked, or something in front of it answered; and what an answer says."""

from flask import Flask
from werkzeug.test import TestResponse

#: not understood by anybody, and so left to the view
ASK_THE_VIEW = {"Authorization": "Nobody knows"}


class CountedView:
    """A view of the application that counts in `asked` how often it was."""

    def __init__(self, app: Flask, endpoint: str) -> None:
        self.asked = 0
        view = app.view_functions[endpoint]

        def counted(**parameters: str) -> object:
            self.asked += 1
            return view(**parameters)

        vars(counted).update(vars(view))  # what it says of itself: its permission
        app.view_functions[endpoint] = counted


def told(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All of an answer but what is another for each: its number, the ms of its age and its second."""
    number = answer.headers.pop("X-Request-ID")
    for name in {"X-HMI-Age", "Date"} & set(answer.headers.keys()):
        answer.headers[name] = "its own"
    return answer.status_code, answer.data.replace(number.encode(), b""), sorted(answer.headers.items())
