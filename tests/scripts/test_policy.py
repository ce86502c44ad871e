"""How runs of a script are admitted, retried and confined: kept with each version, checked at every save."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from runyard.scripts.policy import Outcome, Policy, policy_of, policy_options
from runyard.scripts.schemas import Draft

from .yard import Yard

Make = Callable[..., dict[str, Any]]
DEFAULTS = Policy().model_dump(mode="json")
STRICT: dict[str, Any] = {
    "retries": 3,
    "retry_delay_s": 1.5,
    "backoff": "exponential",
    "retry_on": ["failed", "lost"],
    "concurrency": {"key": "shop-{REGION}", "limit": 2, "policy": "skip"},
    "limits": {"cpu": 0.5, "memory_mb": 256, "pids": 64, "disk_mb": 100, "output_mb": 5, "open_files": 128},
    "isolation": "bubblewrap",
    "mounts": [{"source": "/srv/data/", "mode": "rw"}, {"source": "/srv/in", "target": "/in"}],
    "egress": ["api.example.com", "*.example.org:443"],
    "queue": "night",
    "priority": 7,
}


def test_only_what_differs_is_kept() -> None:
    assert policy_options(Policy()) == {}
    assert policy_options(Policy(retries=2)) == {"retries": 2}
    policy = Policy.model_validate(STRICT)
    assert policy_of({**policy_options(policy), "hooks": "not of the policy"}) == policy
    assert policy.mounts[0].place == "/srv/data"
    assert policy.mounts[1].place == "/in"
    assert policy.retry_on == (Outcome.failed, Outcome.lost)


async def test_a_policy_is_content(api: httpx.AsyncClient, script: Make) -> None:
    made = (await api.post("/scripts", json=script())).json()
    assert {name: made[name] for name in DEFAULTS} == DEFAULTS
    path = f"/scripts/{made['id']}"
    assert (await api.patch(path, json=DEFAULTS)).json()["version"] == 1
    changed = (await api.patch(path, json=STRICT)).json()
    assert changed["version"] == 2
    mounts = [
        {"source": "/srv/data", "target": None, "mode": "rw"},
        {"source": "/srv/in", "target": "/in", "mode": "ro"},
    ]
    assert {name: changed[name] for name in DEFAULTS} == {**DEFAULTS, **STRICT, "mounts": mounts}
    assert (await api.patch(path, json={"retries": 3})).json()["version"] == 2
    lifted = (await api.patch(path, json={"concurrency": None, "isolation": None})).json()
    assert (lifted["version"], lifted["concurrency"], lifted["isolation"], lifted["retries"]) == (3, None, None, 3)
    assert (await api.get(f"{path}/versions/2")).json()["limits"] == STRICT["limits"]
    back = (await api.post(f"{path}/rollback", json={"version": 1})).json()
    assert {name: back[name] for name in DEFAULTS} == DEFAULTS
    copied = (await api.post(f"{path}/copy")).json()
    assert copied["retries"] == 0


async def test_a_run_takes_it_along(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    made = (await api.post("/scripts", json=script(**STRICT))).json()
    async with yard.database.read() as session:
        pinned = await yard.scripts.pin(session, yard.actors["ada"], made["id"])
    assert pinned.policy == Policy.model_validate(STRICT)
    draft = Draft.model_validate({"language": "shell", "code": "", "retries": 1})
    async with yard.database.write() as session:
        loose = await yard.scripts.draft(session, yard.actors["ada"], draft, "default")
    assert loose.policy == Policy(retries=1)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"retries": -1}, "retries"),
        ({"retries": 51}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"retries": None}, "retries"),
        ({"retry_delay_s": -1}, "retry_delay_s"),
        ({"retry_delay_s": 10**9}, "retry_delay_s"),
        ({"backoff": "random"}, "backoff"),
        ({"retry_on": ["cancelled"]}, "retry_on.0"),
        ({"concurrency": {"limit": 0}}, "concurrency.limit"),
        ({"concurrency": {"policy": "wait"}}, "concurrency.policy"),
        ({"concurrency": {"key": "a\nb"}}, "concurrency.key"),
        ({"limits": {"cpu": 0}}, "limits.cpu"),
        ({"limits": {"memory_mb": 1}}, "limits.memory_mb"),
        ({"limits": {"pids": 1}}, "limits.pids"),
        ({"limits": {"swap_mb": 1}}, "limits.swap_mb"),
        ({"limits": None}, "limits"),
        ({"isolation": "none"}, "isolation"),
        ({"mounts": [{"source": "data"}]}, "mounts.0.source"),
        ({"mounts": [{"source": "/data/../etc"}]}, "mounts.0.source"),
        ({"mounts": [{"source": "/data", "mode": "rwx"}]}, "mounts.0.mode"),
        ({"mounts": [{"source": "/a"}, {"source": "/b", "target": "/a"}]}, "mounts"),
        ({"mounts": [{"source": f"/{n}"} for n in range(21)]}, "mounts"),
        ({"queue": "Night shift"}, "queue"),
        ({"priority": 101}, "priority"),
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    api: httpx.AsyncClient, script: Make, wrong: dict[str, Any], field: str
) -> None:
    for answer in (
        await api.post("/scripts", json=script(**wrong)),
        await api.patch("/scripts/scr_any", json=wrong),
    ):
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("wrong", "place", "said"),
    [
        ({"python_version": "three"}, ("python_version",), "three"),
        ({"egress": ["api.example.com", "http://"]}, ("egress",), "is no place like"),
        ({"egress": ["169.254.169.254"]}, ("egress",), "can't be allowed"),
        ({"mounts": [{"source": "/a/../b"}]}, ("mounts", 0, "source"), "may not lead upwards"),
        ({"concurrency": {"key": "a\x1bb"}}, ("concurrency", "key"), "control characters"),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, Any], place: tuple[Any, ...], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Policy.model_validate(wrong)
    [error] = refused.value.errors()
    assert error["loc"] == place
    assert said in error["msg"]


def test_places_and_versions_are_kept_in_one_way() -> None:
    policy = Policy.model_validate({"egress": ["API.example.com", "api.example.com"], "python_version": " >=3.11 "})
    assert (policy.egress, policy.python_version) == (("api.example.com",), ">=3.11")
