"""Password parameters: used in plain by the script, seen in plain nowhere else."""

import base64
import json
import sys
from io import StringIO
from pathlib import Path

from runyard import log

from .yard import Running, opened, options, place, settled

SECRET = 'hunter22-Ä"\\x'
DEFINITIONS = [
    {"key": "PW", "label": "Password", "type": "password", "required": True},
    {"key": "OTHER", "label": "Other", "type": "password", "default": "defaulted-secret"},
    {"key": "PLAIN", "label": "Plain", "type": "text"},
]
CODE = """
printf '%s\\n' "pw=$PW" "other=$OTHER"
printf '%s' "$PW" | head -c 4; sleep 0.05; printf '%s' "$PW" | tail -c +5; echo
printf '%s' "$PW" | base64 >&2
grep -c . "$RUNYARD_PARAMETERS" >/dev/null
printf '{"said": "%s", "%s": [1, true, null]}' "$OTHER" "$OTHER" > "$RUNYARD_OUTPUTS"
echo "::progress 10 $OTHER"
exit 3
"""


def spilled(data: Path, *secrets: bytes) -> list[str]:
    """Files below a data directory that hold one of these."""
    return [
        str(path)
        for path in data.rglob("*")
        if path.is_file() and not path.is_symlink() and any(secret in path.read_bytes() for secret in secrets)
    ]


async def test_a_password_is_masked_and_kept_nowhere_in_plain() -> None:
    said = StringIO()
    log.configure(level="debug", json=True, stream=said)
    try:
        async with place() as data:
            async with opened(options(data)) as yard:
                await _use_it(yard)
            plain = [SECRET.encode(), json.dumps(SECRET)[1:-1].encode(), base64.b64encode(SECRET.encode())]
            assert spilled(data, *plain, b"defaulted-secret") == []
    finally:
        log.configure(stream=sys.stderr)
    assert "hunter22" not in said.getvalue()
    assert "defaulted-secret" not in said.getvalue()
    assert "run.failed" in said.getvalue()


async def _use_it(yard: Running) -> None:
    script_id = await yard.script(CODE, parameters=DEFINITIONS)
    body = {"parameters": {"PW": SECRET, "PLAIN": "shown"}}
    first = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", body))["id"])
    again = await yard.finished((await yard.post(f"/runs/{first['id']}/rerun"))["id"])
    for run in (first, again):
        assert (run["state"], run["exit_code"]) == ("failed", 3)
        assert run["parameters"] == {"PW": "***", "OTHER": "***", "PLAIN": "shown"}
        assert run["outputs"] == {"said": "***", "***": [1, True, None]}
        assert run["progress"]["message"] == "***"
        out = [line["text"] for line in await yard.lines(run["id"]) if line["stream"] == "stdout"]
        assert out == ["pw=***", "other=***", "***", "::progress 10 ***"]
        assert [line["text"] for line in await yard.lines(run["id"]) if line["stream"] == "stderr"] == ["***"]
        hits = await yard.get(f"/runs/{run['id']}/logs/search", q="hunter")
        assert hits["items"] == []
    shown = json.dumps(await yard.get(f"/scripts/{script_id}"), ensure_ascii=False)
    assert "defaulted-secret" not in shown
    await settled(yard)


async def test_a_short_secret_that_is_also_a_number_spoils_nothing() -> None:
    definitions = [{"key": "PIN", "label": "Pin", "type": "password"}]
    code = 'echo \'{"n": 1234, "x": 12.34, "l": [1234, "a1234b", true]}\' > "$RUNYARD_OUTPUTS"; echo "$PIN"'
    async with place() as data, opened(options(data)) as yard:
        run = await yard.run(code, definitions=definitions, parameters={"PIN": "1234"})
        assert run["state"] == "succeeded"
        assert run["outputs"] == {"n": "***", "x": 12.34, "l": ["***", "a***b", True]}
        assert await yard.log(run["id"]) == "***\n"


async def test_a_message_that_names_no_value() -> None:
    definitions = [{"key": "PW", "label": "Password", "type": "password", "min_length": 30}]
    draft = {"language": "shell", "code": "", "parameters": definitions}
    async with place() as data, opened(options(data)) as yard:
        for value in (SECRET, 5, ["hunter22"], {"a": "hunter22"}):
            answer = await yard.client.post("/runs", json={"draft": draft, "parameters": {"PW": value}})
            assert answer.status_code == 422
            assert "hunter22" not in answer.text
            assert answer.json()["errors"][0]["field"] == "parameters.PW"
        body = {"draft": draft, "parameters": {"PW": SECRET}, "timeout_s": "hunter22"}
        answer = await yard.client.post("/runs", json=body)
        assert answer.status_code == 422
        assert "hunter22" not in answer.text
