"""A letter, before it is anything that travels."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Letter:
    """A text to somebody; it may hold a link that opens something, so it is told to no log."""

    to: str
    subject: str
    text: str = field(repr=False)

    @property
    def domain(self) -> str:
        """What of the address may be logged: where it is, not whose."""
        return self.to.rpartition("@")[2]
