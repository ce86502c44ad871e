"""What a script sees, sentence by sentence."""

import asyncio
import json
from typing import Any

import pytest

from .yard import Running, shell_json

pytestmark = pytest.mark.asyncio(loop_scope="module")


def parameter(key: str, type_: str = "text", **fields: Any) -> dict[str, Any]:
    return {"key": key, "label": key, "type": type_, **fields}


ALL = [
    parameter("SIZE", "number"),
    parameter("camelCase"),
    parameter("NOTE", "textarea"),
    parameter("ON", "switch"),
    parameter("OFF", "switch"),
    parameter("DAY", "date"),
    parameter("DATA", "json"),
    parameter("KIND", "select", options=[{"value": "a", "label": "A"}]),
    parameter("ABSENT"),
    parameter("LATER", default="x"),
]
VALUES = {
    "SIZE": 5.0,
    "camelCase": "Ä \u4e16 $HOME `id`",
    "NOTE": "two\nlines",
    "ON": True,
    "OFF": False,
    "DAY": "2026-02-03",
    "DATA": {"a": [1, None, "ü"], "b": {}},
    "KIND": "a",
}


async def test_parameters_are_environment_variables(yard: Running) -> None:
    code = "for key in SIZE camelCase NOTE ON OFF DAY DATA KIND LATER; do printf '%s=%s;' $key \"${!key}\"; done\n"
    run = await yard.run(code + 'echo "[${ABSENT-unset}]"', definitions=ALL, parameters=VALUES)
    assert run["state"] == "succeeded", run
    data = '{"a":[1,null,"ü"],"b":{}}'
    expected = (
        f"SIZE=5;camelCase=Ä \u4e16 $HOME `id`;NOTE=two\nlines;ON=true;OFF=false;DAY=2026-02-03;DATA={data};KIND=a;"
        "LATER=x;[unset]\n"
    )
    assert await yard.log(run["id"]) == expected


async def test_parameters_are_a_json_file(yard: Running) -> None:
    run = await yard.run('cp "$RUNYARD_PARAMETERS" "$RUNYARD_OUTPUTS"', definitions=ALL, parameters=VALUES)
    assert run["outputs"] == {**VALUES, "LATER": "x"}
    assert run["parameters"] == {**VALUES, "LATER": "x"}


async def test_where_it_stands_and_what_else_is_set(yard: Running) -> None:
    code = (
        'test "$PWD" = "$HOME" && touch here && ls -A; stat -c %a . ; echo "$TZ|$LANG|$LC_ALL|$PYTHONUNBUFFERED"\n'
        'echo "$RUNYARD_RUN_ID|$RUNYARD_ATTEMPT|$RUNYARD_RUN_URL"; env | cut -d= -f1 | grep -v -e ^_ -e SHLVL | sort'
    )
    run = await yard.run(code)
    lines = (await yard.log(run["id"])).splitlines()
    assert lines[:3] == ["here", "700", "UTC|C.UTF-8|C.UTF-8|1"]
    assert lines[3] == f"{run['id']}|1|{yard.yard.settings.base_url}/runs/{run['id']}"
    assert lines[4:] == [
        *("HOME", "LANG", "LC_ALL", "PATH", "PWD", "PYTHONUNBUFFERED"),
        *("RUNYARD_ATTEMPT", "RUNYARD_OUTPUTS", "RUNYARD_PARAMETERS", "RUNYARD_RUN_ID", "RUNYARD_RUN_URL"),
        *("RUNYARD_STATE_DIR", "TZ"),
    ]


async def test_standard_input_is_closed_and_the_shell_is_bash_as_it_comes(yard: Running) -> None:
    run = await yard.run('cat; read -r x; echo "read: $?"; false; echo "$BASH_VERSION" | cut -c1; echo "$-"')
    lines = (await yard.log(run["id"])).splitlines()
    assert run["state"] == "succeeded"
    assert lines[0] == "read: 1"
    assert int(lines[1]) >= 4
    assert not set("eu") & set(lines[2])


async def test_a_value_comes_back(yard: Running) -> None:
    value = {"rows": 3, "names": ["ä", "\u4e16"], "deep": [[[None]]], "big": 2**60, "x": 1.5}
    run = await yard.run(shell_json(value))
    assert (run["state"], run["outputs"], run["error"]) == ("succeeded", value, None)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('echo "{no" > "$RUNYARD_OUTPUTS"', "not JSON"),
        ('ln -s /etc/passwd "$RUNYARD_OUTPUTS"', "not a regular file"),
        ('mkfifo "$RUNYARD_OUTPUTS"', "not a regular file"),
        ('mkdir "$RUNYARD_OUTPUTS"', "not a regular file"),
        ('head -c 30000 /dev/zero | tr "\\0" 1 > "$RUNYARD_OUTPUTS"', "larger than 20000 bytes"),
        ('echo 1e999 > "$RUNYARD_OUTPUTS"', "too large"),
        ('printf \'"a\\\\u0000"\' > "$RUNYARD_OUTPUTS"', "NUL"),
        ("printf '[%.0s' {1..3000} > \"$RUNYARD_OUTPUTS\"", "nested"),
    ],
)
async def test_a_value_that_is_none(yard: Running, code: str, words: str) -> None:
    run = await yard.run(code)
    assert (run["state"], run["exit_code"], run["outputs"]) == ("failed", 0, None)
    assert run["error"]["code"] == "bad_outputs"
    assert words in run["error"]["message"]


async def test_what_a_failing_script_wrote_is_kept_with_its_own_failure(yard: Running) -> None:
    run = await yard.run(shell_json([1]) + "exit 7")
    assert (run["state"], run["exit_code"], run["outputs"]) == ("failed", 7, [1])
    assert run["error"] == {"code": "exit_code", "message": "It exited with code 7."}


async def test_progress(yard: Running) -> None:
    run_id = await yard.submit(
        "echo '::progress 40 half way'; echo '::progress 7%' >&2; until [ -e go ]; do sleep 0.02; done"
    )
    while not (run := await yard.get(f"/runs/{run_id}"))["progress"]:
        await asyncio.sleep(0.01)
    assert (run["progress"]["percent"], run["progress"]["message"]) == (40.0, "half way")
    await yard.cancel(run_id)
    assert (await yard.finished(run_id))["progress"]["percent"] == 40.0
    # it is a line like any other, too
    assert "::progress 40 half way" in await yard.log(run_id)


@pytest.mark.parametrize(
    ("code", "state", "exit_code", "error"),
    [
        ("exit 0", "succeeded", 0, None),
        ("exit 1", "failed", 1, "exit_code"),
        ("exit 255", "failed", 255, "exit_code"),
        ("kill -9 $$", "failed", 137, "signal"),
        ("kill -TERM $$; sleep 9", "failed", 143, "signal"),
        ("no-such-command-here", "failed", 127, "exit_code"),
    ],
)
async def test_exit_codes(yard: Running, code: str, state: str, exit_code: int, error: str | None) -> None:
    run = await yard.run(code)
    assert (run["state"], run["exit_code"]) == (state, exit_code)
    assert (run["error"] or {}).get("code") == error
    assert run["error_code"] == error
    assert run["started_at"] <= run["finished_at"]
    assert run["queued_at"] <= run["started_at"]
    assert run["queued_at"].endswith("Z")


async def test_a_script_that_can_not_be_parsed_fails_in_the_interpreter_s_words(yard: Running) -> None:
    run = await yard.run("def x(:\n", "python")
    assert run["state"] == "failed"
    assert "SyntaxError" in await yard.log(run["id"])
    run = await yard.run("if then\n")
    assert "syntax error" in await yard.log(run["id"])


async def test_a_time_limit(yard: Running) -> None:
    run = await yard.run("echo begun; sleep 60", timeout_s=0.3)
    assert (run["state"], run["exit_code"]) == ("timed_out", 143)
    assert run["error"] == {"code": "timeout", "message": "It was stopped by its time limit after 0.3 s."}
    assert run["timeout_s"] == 0.3
    assert await yard.log(run["id"]) == "begun\n"


async def test_a_submit_s_limit_counts_before_the_script_s(yard: Running) -> None:
    script_id = await yard.script("sleep 60", timeout_s=300)
    accepted = await yard.post(f"/scripts/{script_id}/runs", {"timeout_s": 0.2})
    run = await yard.finished(accepted["id"])
    assert (run["state"], run["timeout_s"]) == ("timed_out", 0.2)


async def test_output_past_the_cap_is_counted_and_the_run_goes_on(yard: Running) -> None:
    run = await yard.run("yes 0123456789 | head -c 400000; echo end >&2; exit 3")
    lines = await yard.lines(run["id"], tail=3)
    assert run["exit_code"] == 3
    (notice,) = [line for line in lines if line["stream"] == "system"]
    assert notice["text"].startswith("output limit of 200000 bytes reached")
    assert run["usage"]["output_bytes"] == 400_004
    assert run["usage"]["output_dropped_bytes"] > 190_000


async def test_lines_of_both_streams(yard: Running) -> None:
    code = "printf 'a\\r\\nb\\n'; printf '\\xff\\x00\\n' >&2; head -c 5000 /dev/zero | tr '\\0' x; printf 'ende'"
    run = await yard.run(code)
    lines = await yard.lines(run["id"])
    out = [line["text"] for line in lines if line["stream"] == "stdout"]
    assert out == ["a", "b", "x" * 4096, "x" * 904 + "ende"]
    assert [line["text"] for line in lines if line["stream"] == "stderr"] == ["\ufffd\0"]
    assert [line["n"] for line in lines] == list(range(1, 6))
    assert all(run["started_at"][:19] <= line["t"][:19] <= run["finished_at"][:19] for line in lines)


async def test_usage_and_isolation_are_said(yard: Running) -> None:
    run = await yard.run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
    usage = run["usage"]
    assert 0 < usage["wall_s"] < 60
    assert usage["cpu_s"] > 0
    assert usage["memory_peak_mb"] > 0
    assert usage["output_bytes"] == 0
    assert usage["read_mb"] is None
    assert run["isolation"]["level"] == yard.yard.settings.sandbox.level or run["isolation"]["level"]
    attempts = (await yard.get(f"/runs/{run['id']}/attempts"))["items"]
    assert [(a["attempt"], a["state"], a["exit_code"]) for a in attempts] == [(1, "succeeded", 0)]
    assert attempts[0]["isolation"] == run["isolation"]
    assert attempts[0]["worker"] == run["worker"]


async def test_its_journal(yard: Running) -> None:
    run = await yard.run("exit 4")
    events = (await yard.get(f"/runs/{run['id']}/events"))["items"]
    assert [event["kind"] for event in events] == ["run.queued", "run.claimed", "run.started", "run.failed"]
    assert events[0]["data"] == {"by": "admin", "trigger": "api"}
    assert events[3]["data"]["exit_code"] == 4
    page = await yard.get(f"/runs/{run['id']}/events", limit=3)
    rest = await yard.get(f"/runs/{run['id']}/events", limit=3, cursor=page["next_cursor"])
    assert page["items"] + rest["items"] == events
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "key", ["PATH", "LD_PRELOAD", "PYTHONPATH", "NODE_OPTIONS", "RUNYARD_RUN_ID", "HOME", "TZ", "1x", "a-b"]
)
async def test_reserved_keys_are_refused_at_save(yard: Running, key: str) -> None:
    body = {"name": f"reserved {key}", "language": "shell", "code": "", "parameters": [parameter(key)]}
    answer = await yard.client.post("/scripts", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "parameters.0.key"
    draft = {"language": "shell", "code": "", "parameters": [parameter(key)]}
    assert (await yard.client.post("/runs", json={"draft": draft})).status_code == 422


async def test_the_state_directory_is_kept_between_runs_of_a_script_and_has_one_writer(yard: Running) -> None:
    code = (
        'test -e "$RUNYARD_STATE_DIR/busy" && exit 9; touch "$RUNYARD_STATE_DIR/busy"; sleep 0.2\n'
        'n=$(cat "$RUNYARD_STATE_DIR/count" 2>/dev/null || echo 0); echo $((n + 1)) > "$RUNYARD_STATE_DIR/count"\n'
        'rm "$RUNYARD_STATE_DIR/busy"; cp "$RUNYARD_STATE_DIR/count" "$RUNYARD_OUTPUTS"'
    )
    script_id, other_id = await yard.script(code), await yard.script(code)
    ids = [(await yard.post(f"/scripts/{script_id}/runs"))["id"] for _ in range(3)]
    other = (await yard.post(f"/scripts/{other_id}/runs"))["id"]
    runs = [await yard.finished(run_id) for run_id in ids]
    assert {run["state"] for run in runs} == {"succeeded"}
    assert sorted(run["outputs"] for run in runs) == [1, 2, 3]
    assert (await yard.finished(other))["outputs"] == 1


async def test_a_large_parameter_and_json_text_arrive_whole(yard: Running) -> None:
    definitions = [parameter("TEXT", "textarea"), parameter("J", "json")]
    values = {"TEXT": "x" * 90_000, "J": "quoted"}
    run = await yard.run('echo ${#TEXT} "$J"', definitions=definitions, parameters=values)
    assert await yard.log(run["id"]) == '90000 "quoted"\n'
    assert json.loads(json.dumps(run["parameters"]))["TEXT"] == values["TEXT"]
