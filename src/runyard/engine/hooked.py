"""What the hooks around a script mean for how its run ended. Pure."""

from msgspec.structs import replace

from runyard.runs.lifecycle import Failure, Move, State
from runyard.scripts.hooks import outcomes


def with_hooks(move: Move, record: bytes) -> Move:
    """Return a settled move that tells how the hooks ended, and names the one that made the run fail."""
    ended = outcomes(record)
    failure = move.failure
    if move.target is State.failed and ended.get("before"):
        sentence = f"The hook before the script exited with code {ended['before']}; the script was not run."
        failure = Failure("hook_failed", sentence)
    elif move.target is State.failed and move.exit_code and ended.get("main") == 0 and ended.get("after"):
        failure = Failure("hook_failed", f"The script succeeded; the hook after it exited with code {move.exit_code}.")
    return replace(move, failure=failure, facts={**move.facts, "hooks": ended})
