"""Variables of the environment that were meant for Runyard and say nothing to it."""

from collections.abc import Iterable

from runyard.settings import Settings

# Variables of the command line, of the master key, and those that a run has, which may start Runyard as well.
_OTHERS = frozenset(
    f"RUNYARD_{name}"
    for name in (
        *("URL", "TOKEN", "PROJECT", "CONFIG", "DEBUG", "MASTER_KEY"),
        *("RUN_ID", "ATTEMPT", "PARAMETERS", "OUTPUTS", "STATE_DIR", "RUN_URL", "LIBRARY", "EXIT_CODE"),
    )
)


def strangers(environment: Iterable[str]) -> dict[str, str]:
    """Return the variables that look like ours and are none, each with the one that was meant, if it is near.

    Kubernetes makes such variables too, for a service of this name; so they are told, and stop nothing.
    """
    settings = {f"RUNYARD_{name.upper()}" for name in Settings.model_fields}
    groups = tuple(f"{name}__" for name in settings)
    stray = [
        name
        for name in sorted(environment)
        if (shown := name.upper()).startswith("RUNYARD_")
        and shown not in settings | _OTHERS
        and not shown.startswith(groups)
    ]
    return {name: _near(name.upper(), settings) for name in stray}


def _near(name: str, settings: set[str]) -> str:
    # Most starts have none.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, sorted(settings), 1, 0.85)), "")
