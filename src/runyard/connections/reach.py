"""Where tests of connections may lead: as far as everything that the server fetches, and only to addresses."""

from runyard.web.addresses import parsed
from runyard.web.outbound import Reach


class Unreachable(Exception):  # noqa: N818 - it says what is wrong
    """An address that may not be asked."""


def judge(text: str, reach: Reach) -> None:
    """Raise `Unreachable` for what is no address, and for one that the installation does not let anybody ask."""
    if parsed(text) is None:
        raise Unreachable(f"{text[:100]} is no address.")
    trouble = reach.trouble(text)
    if trouble:
        raise Unreachable(f"{text} {trouble}.")
