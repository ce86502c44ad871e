"""One act for each of several names."""

import pytest

from runyard.cli.each import each
from runyard.cli.errors import Refused, WaitsForConsent


def test_what_waits_lets_the_others_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    def act(name: str) -> str:
        if name == "bob":
            raise WaitsForConsent("apv_1")
        done.append(name)
        return f"{name} is in."

    with pytest.raises(WaitsForConsent):
        each(["ada", "bob", "cleo", "ada"], act)
    assert done == ["ada", "cleo"]
    assert capsys.readouterr().err.splitlines() == [
        "ada is in.",
        "bob waits for a second person (apv_1).",
        "cleo is in.",
    ]


def test_a_refusal_ends_it_and_names_whom_it_is_about() -> None:
    done: list[str] = []

    def act(name: str) -> str:
        if name == "bob":
            raise Refused("There is no such user.", status=404, problem="user_not_found")
        done.append(name)
        return name

    with pytest.raises(Refused) as refused:
        each(["ada", "bob", "cleo"], act)
    assert (done, refused.value.hint) == (["ada"], "That is about bob.")
