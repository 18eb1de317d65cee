"""What is refused, and which field it is about."""

from collections.abc import Sequence


class FieldError(ValueError):
    """A value that cannot be used. `field` is its path, such as `regions[2].polygon[0].x`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class MissingFieldError(FieldError):
    """A field that must be there and is not."""

    def __init__(self, field: str) -> None:
        super().__init__(field, "is missing")


class WrongTypeError(FieldError):
    """A value of another kind than the field holds, such as a text for a number."""


class NumberError(FieldError):
    """A number that is not finite, or outside what the field allows."""


class TextError(FieldError):
    """A text that is empty, too long or cannot be shown."""


class PolygonError(FieldError):
    """Vertices that make no simple polygon. `edges` holds the pairs that cross; edge n starts at vertex n."""

    def __init__(self, field: str, message: str, edges: Sequence[tuple[int, int]] = ()) -> None:
        super().__init__(field, message)
        self.edges = tuple(edges)
