"""Generations: how often the plant database was set back to an older state.

After that its ids are used a second time for other rows. So a row is named by generation and id; each
generation but the first begins, table by table, above a cut: ids above it are its own, ids up to it belong to
older ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Generations:
    """`cuts[n]` is where generation n + 2 begins: the newest id of each table that is older than it."""

    cuts: tuple[Mapping[str, int], ...] = ()

    @property
    def newest(self) -> int:
        return len(self.cuts) + 1

    def of(self, table: str, row_id: int | None) -> int:
        """The generation that the row with this id belongs to now."""
        if row_id is None:
            return self.newest
        for index in range(len(self.cuts) - 1, -1, -1):
            if row_id > self.cuts[index].get(table, 0):
                return index + 2
        return 1

    def and_one_more(self, cut: Mapping[str, int]) -> "Generations":
        return Generations((*self.cuts, dict(cut)))

    def to_json(self) -> list[dict[str, int]]:
        return [dict(cut) for cut in self.cuts]

    @classmethod
    def from_json(cls, cuts: Sequence[Mapping[str, int]]) -> "Generations":
        return cls(tuple(dict(cut) for cut in cuts))
