"""What was sent, as wishes: every field checked before anything is looked up."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hmi.deciding.wishes import LONGEST_KEY, LONGEST_REASON, MOST_AT_ONCE, Wish
from hmi.store.decisions import DEFECT
from hmi.store.runs import key_of

LONGEST_SECRET = 4096  # what is longer is no password; how long one may be is told when it is looked at
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Subject = Literal["defect", "part"]
Reference = Annotated[str, Field(max_length=30)]
Key = Annotated[str, Field(min_length=8, max_length=LONGEST_KEY)]


class Signing(BaseModel):
    """Where any of these is sent, the decision is signed. `signer` empty: whoever is signed in."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    signer: Annotated[str, Field(max_length=256)] = ""
    password: Annotated[str, Field(max_length=LONGEST_SECRET)] = ""
    code: Annotated[str, Field(max_length=30)] = ""

    @property
    def is_signed(self) -> bool:
        return bool(self.signer or self.password or self.code)


class Asked(Signing):
    """One decision, as a form or as JSON."""

    subject: Subject
    of: Reference  # of the defect or of the run
    word: Annotated[str, Field(max_length=30)]
    state: Annotated[str, Field(max_length=60)]
    key: Key
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    image: Reference = ""

    def wishes(self) -> list[Wish]:
        """Raises ValueError."""
        return [_wish(self.subject, self.of, self.word, self.state, self.key, self.reason, self.image)]


class Item(BaseModel):
    """One of many."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    of: Reference
    state: Annotated[str, Field(max_length=60)]
    key: Key
    image: Reference = ""


class AskedMany(Signing):
    """The same decision on many defects or parts."""

    subject: Subject = "defect"
    word: Annotated[str, Field(max_length=30)]
    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
    items: Annotated[list[Item], Field(min_length=1, max_length=MOST_AT_ONCE)]

    def wishes(self) -> list[Wish]:
        """Raises ValueError."""
        return [
            _wish(self.subject, item.of, self.word, item.state, item.key, self.reason, item.image)
            for item in self.items
        ]


Sent = TypeVar("Sent", Asked, AskedMany)


def read(model: type[Sent], sent: Mapping[str, Any]) -> Sent:
    """Raises ValueError that names the field."""
    try:
        found = model.model_validate(sent)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from None
    _refuse_no_text({"signer": found.signer, "code": found.code})
    return found


def _wish(subject: str, of: str, word: str, state: str, key: str, reason: str, image: str) -> Wish:
    _refuse_no_text({"of": of, "word": word, "state": state, "key": key, "reason": reason, "image": image})
    return Wish(
        subject=subject,
        key=key_of(of),
        word=word,
        state=state,
        idempotency=key,
        reason=reason.strip(),
        image=key_of(image) if image and subject == DEFECT else None,
    )


def _refuse_no_text(named: Mapping[str, str]) -> None:
    for name, value in named.items():
        if _NO_TEXT.search(value):
            raise ValueError(f"{name}: holds characters that are no text")
