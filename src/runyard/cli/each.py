"""One act for each of several names."""

from collections.abc import Callable, Iterable

from runyard.cli.errors import Refused, WaitsForConsent
from runyard.cli.output import note


def each(names: Iterable[str], act: Callable[[str], str]) -> None:
    """Act for one name after the other, and tell what `act` says of it.

    Those that wait for a second person are told, and the others go on; then `WaitsForConsent` is raised. A refusal,
    `Refused`, ends it: what was done before it stays, and its hint tells whom it is about.
    """
    waits: WaitsForConsent | None = None
    for name in dict.fromkeys(names):
        try:
            note(act(name))
        except WaitsForConsent as waiting:
            note(f"{name} waits for a second person ({waiting.approval}).")
            waits = waiting
        except Refused as refused:
            refused.hint = refused.hint or f"That is about {name}."
            raise
    if waits is not None:
        raise waits
