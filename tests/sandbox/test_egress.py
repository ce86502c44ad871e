"""The variables that lead a script to its proxy."""

import pytest

from runyard.sandbox import egress


@pytest.mark.parametrize(
    ("places", "around"),
    [
        ([], "localhost,127.0.0.1,::1"),
        (["example.com", "127.0.0.2:80", "*.localhost:*"], "localhost,127.0.0.1,::1"),
        (["127.0.0.1:8080"], "localhost,::1"),
        (["LOCALHOST:5432", "[::1]:80"], "127.0.0.1"),
        (["localhost", "127.0.0.1", "::1"], ""),
    ],
)
def test_a_loopback_that_is_named_is_reached_through_the_proxy(places: list[str], around: str) -> None:
    found = egress.variables(places)
    assert (found["NO_PROXY"], found["no_proxy"]) == (around, around)
    assert {found[name] for name in ("HTTP_PROXY", "https_proxy", "ALL_PROXY")} == {"http://127.0.0.1:3128"}
