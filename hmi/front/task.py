"""One request and its answer."""

from waitress.task import WSGITask


class Task(WSGITask):
    """An answer that never has a body needs no length, and leaves the connection open: see RFC 9112, 6.3.

    Waitress closes it, so that a kiosk would open a connection for each of its polls. That is right where
    places are scarce: whoever asks later would lose its own otherwise.
    """

    def set_close_on_finish(self) -> None:
        """Called before the header is made: where the length is missing, and where the client asks for it."""
        channel = self.channel
        is_kept = not self.has_body and not self.wrote_header and not self._wants_close()
        if not is_kept or channel.server.is_crowded(channel.address):
            super().set_close_on_finish()

    def _wants_close(self) -> bool:
        options = self.request.headers.get("CONNECTION", "").lower().split(",")
        return self.version != "1.1" or "close" in {option.strip() for option in options}
