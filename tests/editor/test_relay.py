import json
from pathlib import Path
from typing import Any

import pytest

from runyard.editor.relay import LONGEST, MessageRefused, Passage, Relay

CELL = Path("/data/editor/cell_1")
INSIDE = "file:///data/editor/cell_1/main.py"


@pytest.fixture
def relay() -> Relay:
    return Relay(CELL, "main.py", {"diagnosticMode": "off"}, [(Path("/data/envs/abc"), "environment")])


def message(method: str | None, params: Any = None, **more: Any) -> str:
    found = {"jsonrpc": "2.0", **({} if method is None else {"method": method}), **more}
    return json.dumps(found if params is None else {**found, "params": params})


def inward(passage: Passage) -> Any:
    assert passage.inward is not None
    return json.loads(passage.inward)


def test_the_one_document_is_named_anew(relay: Relay) -> None:
    asked = message("textDocument/hover", {"textDocument": {"uri": "file:///script/main.py"}}, id=1)
    assert inward(relay.from_page(asked))["params"]["textDocument"]["uri"] == INSIDE


def test_a_beginning_is_on_our_terms(relay: Relay) -> None:
    asked = {"processId": 1, "rootUri": "file:///etc", "initializationOptions": {"x": 1}, "capabilities": {"a": 1}}
    assert inward(relay.from_page(message("initialize", asked, id=1)))["params"] == {
        "processId": None,
        "rootUri": CELL.as_uri(),
        "workspaceFolders": [{"uri": CELL.as_uri(), "name": "script"}],
        "capabilities": {"a": 1},
        "initializationOptions": {"diagnosticMode": "off"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"jsonrpc": "2.0", "method": "textDocument/hover", "id": 1}',
        message("textDocument/hover", {"textDocument": {"uri": "file:///etc/passwd"}}, id=1),
        message("textDocument/didOpen", {"textDocument": {"uri": INSIDE}}),
        message("textDocument/didOpen", {"textDocument": ["file:///script/main.py"]}),
        message("initialize", [1], id=1),
        "[" * 100_000,
        '{"jsonrpc": "2.0", "method": "initialized", "x": "' + "a" * LONGEST + '"}',
    ],
)
def test_what_no_honest_page_sends_is_refused(relay: Relay, text: str) -> None:
    with pytest.raises(MessageRefused):
        relay.from_page(text)


@pytest.mark.parametrize("method", ["workspace/executeCommand", "workspace/didChangeConfiguration", "shutdown"])
def test_other_requests_are_answered_and_other_news_dropped(relay: Relay, method: str) -> None:
    answer = relay.from_page(message(method, {}, id=7)).answer
    assert answer is not None
    assert json.loads(answer)["error"]["code"] == -32601
    assert relay.from_page(message(method, {})) == Passage()
    assert relay.from_page(message(None, id=7, result=None)) == Passage()


def test_the_page_never_learns_where_things_lie(relay: Relay) -> None:
    found = [{"uri": INSIDE}, {"uri": "file:///data/envs/abc/lib/x.py"}]
    answer = relay.from_server(message(None, id=1, result=found)).answer
    assert answer is not None
    assert [one["uri"] for one in json.loads(answer)["result"]] == [
        "file:///script/main.py",
        "file:///environment/lib/x.py",
    ]


def test_an_item_names_the_document_only(relay: Relay) -> None:
    answer = relay.from_server(message(None, id=1, result={"data": {"file": "/data/editor/cell_1/main.py"}})).answer
    assert answer is not None
    item = json.loads(answer)["result"]
    assert item == {"data": {"file": "/script/main.py"}}
    for file in ("/script/main.py", "/etc/passwd"):
        asked = inward(relay.from_page(message("completionItem/resolve", {"data": {"file": file}}, id=2)))
        assert asked["params"]["data"]["file"] == "/data/editor/cell_1/main.py"
    plain = message("completionItem/resolve", {"label": "x", "data": 5}, id=3)
    assert inward(relay.from_page(plain)) == json.loads(plain)


def test_places_are_hidden_however_they_are_written() -> None:
    relay = Relay(Path("/srv/run @yard/cell"), "main.py", {})
    written = [
        "file:///srv/run%20%40yard/cell/main.py",
        "file:///srv/run%20@yard/cell/main.py",
        "/srv/run @yard/cell/x",
    ]
    answer = relay.from_server(message(None, id=1, result=written)).answer
    assert answer is not None
    assert json.loads(answer)["result"] == ["file:///script/main.py", "file:///script/main.py", "/script/x"]


def test_what_a_server_asks_is_answered_here(relay: Relay) -> None:
    asked = message("workspace/configuration", {"items": [{}, {}]}, id=3)
    assert inward(relay.from_server(asked))["result"] == [{"diagnosticMode": "off"}] * 2
    for method, result in (
        ("workspace/workspaceFolders", [{"uri": CELL.as_uri(), "name": "script"}]),
        ("client/registerCapability", None),
    ):
        assert inward(relay.from_server(message(method, {}, id=4)))["result"] == result
    assert relay.from_server(message("window/logMessage", {"message": "x"})) == Passage()
    assert relay.from_server(message("textDocument/publishDiagnostics", {})) == Passage()
