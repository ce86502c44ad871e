"""Token buckets: how often somebody may do something. Pure; in memory."""

from collections import OrderedDict

from msgspec import Struct

KEPT = 20_000


class Rate(Struct, frozen=True):
    """At most `burst` at once, filled up again evenly within `per_s` seconds."""

    burst: int
    per_s: float

    @property
    def tokens_per_s(self) -> float:
        """How quickly the bucket fills."""
        return self.burst / self.per_s


class Taken(Struct, frozen=True):
    """What taking a token came to: how many are left, in how many seconds the bucket is full and the next one there."""

    allowed: bool
    left: int
    full_s: float
    next_s: float


class Buckets:
    """A bucket for each of the `kept` last names; a forgotten one begins full."""

    def __init__(self, rate: Rate, kept: int = KEPT) -> None:
        self.rate = rate
        self._kept = kept
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, name: str, now_s: float) -> float:
        """Return in how many seconds there is a token, without taking one."""
        level, at = self._levels.get(name, (float(self.rate.burst), now_s))
        return max(0.0, 1 - level - max(0.0, now_s - at) * self.rate.tokens_per_s) / self.rate.tokens_per_s

    def take(self, name: str, now_s: float) -> Taken:
        """Take a token if there is one, at an instant of a clock that never runs backwards."""
        level, at = self._levels.pop(name, (float(self.rate.burst), now_s))
        speed = self.rate.tokens_per_s
        level = min(float(self.rate.burst), level + max(0.0, now_s - at) * speed)
        allowed = level >= 1
        level -= allowed
        self._levels[name] = (level, now_s)
        while len(self._levels) > self._kept:
            self._levels.popitem(last=False)
        return Taken(allowed, int(level), (self.rate.burst - level) / speed, max(0.0, 1 - level) / speed)

    def __len__(self) -> int:
        return len(self._levels)
