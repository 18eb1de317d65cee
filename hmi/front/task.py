"""One request and its answer."""

from waitress.task import WSGITask


class Task(WSGITask):
    """An answer that never has a body needs no length, and leaves the connection open: see RFC 9112, 6.3.

    Waitress closes it, so that a kiosk would open a connection for each of its polls.
    """

    def set_close_on_finish(self) -> None:
        """Called before the header is made: where the length is missing, and where the client asks for it."""
        if self._wants_close() or self.has_body or self.wrote_header:
            super().set_close_on_finish()

    def _wants_close(self) -> bool:
        return self.version != "1.1" or self.request.headers.get("CONNECTION", "").lower() == "close"
