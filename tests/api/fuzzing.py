"""Requests made up from the API's own document, and what each answer must be."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import hypothesis
import schemathesis
from hypothesis.errors import HypothesisWarning
from schemathesis.generation import GenerationMode

Case = schemathesis.Case[Any]
SPARED = frozenset({"logout", "end_my_session", "end_user_session", "revoke_token"})
"""What would take the asker's own right to ask away."""


OTHERS_WORDS = frozenset({"logged_out_at_provider", "readyz_readyz_get"})
"""What says no in other words than a problem's: those of OpenID Connect, and of a probe."""


@dataclass
class Found:
    """What was asked, and what was wrong with the answers."""

    asked: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


def cases(document: dict[str, Any], examples: int, seed: int, *, both: bool) -> Iterator[tuple[str, Case]]:
    """Yield made-up requests of every operation; the same ones for the same seed.

    Each has good and bad ones, or with `both` false by turns the one or the other.
    """
    schema = schemathesis.openapi.from_dict(document)
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    for number, result in enumerate(schema.get_all_operations()):
        operation: Any = result.ok()  # type: ignore[union-attr]
        name = operation.definition.raw.get("operationId", operation.label)
        if name in SPARED:
            continue
        for mode in modes if both else (modes[number % 2],):
            made: list[Case] = []
            try:
                _drawn(operation.as_strategy(generation_mode=mode), made, examples, seed)
            except hypothesis.errors.Unsatisfiable:
                # Where nothing is asked for, nothing can be wrong.
                continue
            for case in made:
                yield name, case


def _drawn(strategy: Any, made: list[Any], examples: int, seed: int) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate,),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def draw(case: Any) -> None:
        made.append(case)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        draw()


async def ask(client: httpx.AsyncClient, found: Found, name: str, case: Case, **headers: str) -> None:
    """Send one request and note what is wrong with its answer."""
    request = _request(client, case, headers)
    if request is None:
        return
    answer = await client.send(request, stream=True)
    # A stream has no end.
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        await answer.aread()
    found.asked += 1
    found.statuses[answer.status_code] = found.statuses.get(answer.status_code, 0) + 1
    if name in OTHERS_WORDS and answer.status_code < 500:
        return
    trouble = _trouble(answer, case) if answer.is_closed or answer.status_code >= 400 else ""
    await answer.aclose()
    if trouble:
        found.troubles.append(f"{name}: {request.method} {request.url} {request.content[:500]!r}\n  {trouble}")


def _request(client: httpx.AsyncClient, case: Case, headers: dict[str, str]) -> httpx.Request | None:
    parts = case.as_transport_kwargs(base_url=f"{client.base_url.scheme}://{client.base_url.host}")
    kept = {key: value for key, value in dict(parts.get("headers") or {}).items() if key.lower() != "host"}
    try:
        request = client.build_request(
            parts["method"],
            parts["url"],
            params=parts.get("params"),
            headers={**kept, **headers},
            cookies=None,
            content=parts["data"] if isinstance(parts.get("data"), bytes | str) else None,
            data=parts["data"] if isinstance(parts.get("data"), dict) else None,
            json=parts.get("json") if "json" in parts else None,
            files=parts.get("files"),
        )
        # Whole, so that it can be told of, and written down before it is sent.
        request.read()
    except (ValueError, TypeError, AttributeError, UnicodeError, httpx.InvalidURL):
        # What can't be written down as HTTP can't be asked.
        return None
    return request


def _trouble(answer: httpx.Response, case: Case) -> str:
    if answer.status_code >= 500 and answer.status_code != 503:
        return f"answered {answer.status_code}: {answer.text[:500]}"
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 400:
        if kind != "application/problem+json":
            return f"answered {answer.status_code} as {kind!r}: {answer.text[:200]}"
        missing = {"type", "title", "status", "detail", "code"} - set(json.loads(answer.text))
        return f"a problem without {sorted(missing)}" if missing else ""
    try:
        case.validate_response(answer, checks=CHECKS)
    except schemathesis.core.failures.FailureGroup as failures:
        return f"answered {answer.status_code}: " + "; ".join(str(one)[:700] for one in failures.exceptions)
    return ""


def _checks() -> list[Any]:
    from schemathesis.specs.openapi import checks

    return [
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]


CHECKS = _checks()
