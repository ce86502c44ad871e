"""The name that an attempt bears outside the database."""

from runyard.runs.repository import Token


def attempt_id(token: Token) -> str:
    """Return the name that an attempt's spool and control groups bear."""
    return f"{token.run_id}.{token.attempt}.{token.fence}"


def parse_attempt_id(name: str) -> Token | None:
    """Return the token that a spool's name stands for, or None for anything else."""
    parts = name.split(".")
    if len(parts) != 3 or not (parts[1].isdigit() and parts[2].isdigit()):  # noqa: PLR2004 - run, attempt, fence
        return None
    return Token(parts[0], int(parts[1]), int(parts[2]))
