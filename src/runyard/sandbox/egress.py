"""The list of places that a script may reach, as people write it, and the variables that lead programs to its proxy."""

from collections.abc import Iterable

from runyard.runner import egress
from runyard.sandbox.problems import EgressRefused

_PROXY = f"http://127.0.0.1:{egress.PORT}"
_INSIDE = ("localhost", "127.0.0.1", "::1")
_VARIABLES = {
    **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"), _PROXY),
    # Node.js looks at the others only if this is set.
    "NODE_USE_ENV_PROXY": "1",
}


def variables(places: Iterable[str]) -> dict[str, str]:
    """Return what is set for a run with this list of allowed places, over whatever else was there.

    Loopback is the script's own, which no proxy knows, unless the list names the machine's.
    """
    named = {egress.rule_of(place)[0] for place in places}
    inside = ",".join(host for host in _INSIDE if host not in named)
    return _VARIABLES | dict.fromkeys(("NO_PROXY", "no_proxy"), inside)


def check(places: Iterable[str]) -> tuple[str, ...]:
    """Return places as they are kept: in lower case, each once, in their order. Raises EgressRefused.

    A place is ``host``, ``host:port``, ``host:*``, ``*.example.com``, an address, or ``[address]:port``; without a port
    it is the web's, 80 and 443. Link-local and metadata addresses can't be allowed.
    """
    found: dict[str, None] = {}
    for text in places:
        try:
            rule = egress.rule_of(text)
        except ValueError:
            raise EgressRefused(f"{text!r} is no place like host, host:port or *.example.com.") from None
        if why := egress.why_never(rule):
            raise EgressRefused(f"{text} can't be allowed: {why}.")
        found[text.strip().lower()] = None
    return tuple(found)
