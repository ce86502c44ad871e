"""How a script is started: command line, files, hooks, several files, the library."""

import json
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from .yard import Running, opened, options, place

pytestmark = pytest.mark.asyncio(loop_scope="module")

ARGPARSE = """
import argparse, json, os, sys
parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int)
parser.add_argument("--token")
parser.add_argument("-v", "--verbose", action="store_true")
parser.add_argument("--tag", action="append")
parser.add_argument("data")
found = vars(parser.parse_args())
found["lines"] = open(found["data"]).read().split()
found["hidden"] = found["token"] not in open("/proc/self/cmdline").read()
with open(os.environ["RUNYARD_OUTPUTS"], "w") as file:
    json.dump(found, file)
print("token is", found["token"])
"""
DEFINITIONS: list[dict[str, Any]] = [
    {"key": "size", "type": "number", "argument": {"style": "option", "flag": "--size"}},
    {"key": "token", "type": "password", "argument": {"style": "option", "flag": "--token"}},
    {"key": "verbose", "type": "switch", "argument": {"style": "switch", "flag": "--verbose"}},
    {"key": "tag", "type": "json", "argument": {"style": "repeat", "flag": "--tag"}},
    {
        "key": "data",
        "type": "file",
        "required": True,
        "max_size_mb": 0.001,
        "extensions": ["csv"],
        "argument": {"style": "positional"},
    },
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data)) as running:
        yield running


async def submit(yard: Running, body: dict[str, Any], *uploads: tuple[str, bytes]) -> dict[str, Any]:
    form = {"data": {"payload": json.dumps(body)}, "files": [("files", upload) for upload in uploads]}
    answer = await yard.client.post("/runs", **(form if uploads else {"json": body}))
    if answer.status_code != 202:
        refused: dict[str, Any] = answer.json()
        return refused
    return await yard.finished(answer.json()["id"])


async def test_unmodified_code_gets_its_command_line(yard: Running) -> None:
    draft = {"language": "python", "code": ARGPARSE, "parameters": DEFINITIONS}
    values = {"size": -5, "token": "--hush-hush", "verbose": True, "tag": ["a", "--b"], "data": "in.CSV"}
    run = await submit(yard, {"draft": draft, "parameters": values}, ("in.CSV", b"one two"))
    assert run["state"] == "succeeded", await yard.log(run["id"])
    outputs = run["outputs"]
    assert {name: outputs[name] for name in ("size", "verbose", "tag", "lines")} == {
        "size": -5,
        "verbose": True,
        "tag": ["a", "--b"],
        "lines": ["one", "two"],
    }
    assert outputs["data"].endswith("/files/in.CSV")
    assert outputs["hidden"] is True
    assert outputs["token"] == "***"
    assert await yard.log(run["id"]) == "token is ***\n"
    again = await yard.post(f"/runs/{run['id']}/rerun")
    assert (await yard.finished(again["id"]))["outputs"]["lines"] == ["one", "two"]


@pytest.mark.parametrize(
    ("value", "upload", "code"),
    [
        ("in.csv", None, "file"),
        ("other.csv", ("in.csv", b""), "file"),
        ("in.txt", ("in.txt", b""), "extension"),
        ("d/in.csv", ("in.csv", b""), "filename"),
        ("..", ("in.csv", b""), "filename"),
        ("in.csv", ("in.csv", b"x" * 2000), "file_size"),
        (None, ("in.csv", b""), "required"),
        (5, ("in.csv", b""), "type"),
    ],
)
async def test_a_file_that_does_not_fit_is_refused(
    yard: Running, value: Any, upload: tuple[str, bytes] | None, code: str
) -> None:
    draft = {"language": "python", "code": "", "parameters": DEFINITIONS[-1:]}
    refused = await submit(
        yard, {"draft": draft, "parameters": {"data": value}}, *([upload] if upload is not None else [])
    )
    first = refused["errors"][0]
    assert (first["field"], first["code"]) == ("parameters.data", code)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
async def test_node_gets_its_command_line_too(yard: Running) -> None:
    code = """
    const fs = require('node:fs')
    const seen = fs.readFileSync('/proc/self/cmdline', 'utf8').includes('hush-hush')
    fs.writeFileSync(process.env.RUNYARD_OUTPUTS, JSON.stringify([seen, process.argv.slice(2, 3)]))
    if (process.argv[3] !== '--token=hush-hush') process.exit(1)
    """
    definitions = [
        {"key": "x", "argument": {"style": "switch", "flag": "-x"}, "type": "switch"},
        {"key": "token", "type": "password", "argument": {"style": "option", "flag": "--token"}},
    ]
    run = await yard.run(code, "javascript", definitions=definitions, parameters={"x": True, "token": "hush-hush"})
    assert (run["state"], run["outputs"]) == ("succeeded", [False, ["-x"]])


async def test_hooks_surround_the_script(yard: Running) -> None:
    hooks = {
        "before": {"code": "echo before; echo prepared > made"},
        "after": {"code": "import os; print('after', os.environ['RUNYARD_EXIT_CODE'])", "shell": False},
    }
    run = await yard.run("print(open('made').read().strip()); raise SystemExit(3)", "python", hooks=hooks)
    assert (run["state"], run["exit_code"], run["error"]["code"]) == ("failed", 3, "exit_code")
    printed = [line["text"] for line in await yard.lines(run["id"], stream="stdout")]
    assert printed == ["before", "prepared", "after 3"]
    events = (await yard.get(f"/runs/{run['id']}/events"))["items"]
    assert [event["data"]["hooks"] for event in events if "hooks" in event["data"]] == [
        {"before": 0, "main": 3, "after": 0}
    ]


async def test_a_failed_hook_before_spares_the_script(yard: Running) -> None:
    hooks = {"before": {"code": "exit 7"}, "after": {"code": 'echo "after $RUNYARD_EXIT_CODE"'}}
    run = await yard.run("echo never", hooks=hooks)
    assert (run["state"], run["exit_code"], run["error"]["code"]) == ("failed", 7, "hook_failed")
    assert "The hook before the script exited with code 7" in run["error"]["message"]
    assert [line["text"] for line in await yard.lines(run["id"], stream="stdout")] == ["after 7"]


async def test_a_failed_hook_after_fails_the_run(yard: Running) -> None:
    run = await yard.run("echo fine", hooks={"after": {"code": "exit 4"}})
    assert (run["state"], run["exit_code"], run["error"]["code"]) == ("failed", 4, "hook_failed")


async def test_the_hook_after_runs_after_a_cancel(yard: Running) -> None:
    hooks = {"after": {"code": 'echo "ended $RUNYARD_EXIT_CODE" > told; cat told'}}
    run_id = await yard.submit("echo up; sleep 60", hooks=hooks)
    await yard.printed(run_id, "up")
    await yard.cancel(run_id)
    run = await yard.finished(run_id)
    assert run["state"] == "cancelled"
    assert "ended 143" in await yard.log(run_id)


async def test_a_project_lies_beside_its_code(yard: Running) -> None:
    files = [
        {"path": "pack/__init__.py", "text": ""},
        {"path": "pack/words.py", "text": "WORD = 'packed'\n"},
        {"path": "data/in.txt", "base64": "aGVsbG8="},
    ]
    code = "from pack.words import WORD\nprint(WORD, open('data/in.txt').read())\nopen('data/out', 'w')\n"
    project = {"entry": "bin/start.py", "files": files}
    run = await yard.run(code, "python", **project, in_workspace=True)
    assert (run["state"], await yard.log(run["id"])) == ("succeeded", "packed hello\n")
    run = await yard.run(code, "python", **project)
    assert run["state"] == "failed"
    assert "No such file" in await yard.log(run["id"])
    # A saved one is re-run as it was, and a draft of it takes the files along.
    script_id = await yard.script(code, "python", **project, in_workspace=True)
    run = await yard.finished((await yard.post(f"/scripts/{script_id}/runs"))["id"])
    assert run["state"] == "succeeded"
    draft = {"language": "python", "code": "import pack.words", "script_id": script_id}
    run = await yard.finished((await yard.post("/runs", {"draft": draft}))["id"])
    assert run["state"] == "succeeded"


async def test_scripts_import_from_the_library(yard: Running) -> None:
    async def module(name: str, language: str, code: str) -> str:
        body = {"name": name, "language": language, "code": code, "kind": "module"}
        return str((await yard.post("/scripts", body, 201))["id"])

    python = await module("greeting", "python", "WORD = 'first'\n")
    await module("greeting", "shell", "greet() { echo shelly; }\n")
    await module("twice", "python", "from library.greeting import WORD\nWORDS = WORD * 2\n")
    script_id = await yard.script("from library import twice\nprint(twice.WORDS)", "python")
    first = await yard.finished((await yard.post(f"/scripts/{script_id}/runs"))["id"])
    assert (first["state"], await yard.log(first["id"])) == ("succeeded", "firstfirst\n")
    answer = await yard.client.patch(f"/scripts/{python}", json={"code": "WORD = 'second'\n"})
    assert answer.status_code == 200
    again = await yard.finished((await yard.post(f"/runs/{first['id']}/rerun"))["id"])
    assert await yard.log(again["id"]) == "firstfirst\n"
    second = await yard.finished((await yard.post(f"/scripts/{script_id}/runs"))["id"])
    assert await yard.log(second["id"]) == "secondsecond\n"
    run = await yard.run('. "$RUNYARD_LIBRARY/greeting.sh"; greet')
    assert await yard.log(run["id"]) == "shelly\n"
    refused = await yard.client.post(f"/scripts/{python}/runs", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "not_runnable")


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
@pytest.mark.parametrize(
    "code",
    [
        "console.log(require('library/adding').add(1, 2))",
        "import { add } from 'library/adding'\nconsole.log(add(1, 2))",
    ],
)
async def test_javascript_imports_from_the_library(yard: Running, code: str) -> None:
    body = {"name": "adding", "language": "javascript", "code": "exports.add = (a, b) => a + b", "kind": "module"}
    made = await yard.client.post("/scripts", json=body)
    assert made.status_code in {201, 409}
    run = await yard.run(code, "javascript")
    assert (run["state"], await yard.log(run["id"])) == ("succeeded", "3\n")


async def test_a_run_takes_a_saved_set(yard: Running) -> None:
    definitions = [{"key": "SIZE", "type": "number", "required": True}, {"key": "TOKEN", "type": "password"}]
    script_id = await yard.script('echo "$SIZE ${#TOKEN}"', parameters=definitions)
    values = {"SIZE": 3, "TOKEN": "hush"}
    await yard.post(f"/scripts/{script_id}/parameter-sets", {"name": "Mine", "values": values}, 201)
    run = await yard.post(f"/scripts/{script_id}/runs", {"parameter_set": "Mine", "parameters": {"SIZE": 4}})
    done = await yard.finished(run["id"])
    assert (done["state"], await yard.log(run["id"])) == ("succeeded", "4 4\n")
    refused = await yard.client.post(f"/scripts/{script_id}/runs", json={"parameter_set": "None"})
    assert (refused.status_code, refused.json()["code"]) == (404, "no_such_set")
