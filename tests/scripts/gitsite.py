"""Git repositories over HTTP, by a real ``git http-backend``, and one Gist, for tests to import from."""

import base64
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "a-token"


class Backend(BaseHTTPRequestHandler):
    """Serves repositories below `root` by ``git http-backend``, and one Gist."""

    root: Path
    gist: dict[str, Any]

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        if path.startswith("/gists/"):
            self._answer(200, json.dumps(self.gist).encode())
            return
        if path.startswith("/moved/"):
            self.send_response(302)
            self.send_header("Location", f"/{path.removeprefix('/moved/')}?{query}")
            self.end_headers()
            return
        wanted = "Basic " + base64.b64encode(f"git:{TOKEN}".encode()).decode()
        if path.startswith("/private") and self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()
            return
        length = int(self.headers.get("Content-Length") or 0)
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(length),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "REMOTE_ADDR": "127.0.0.1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        }  # fmt: skip
        done = subprocess.run(
            ["git", "http-backend"], input=self.rfile.read(length), env=env, capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._answer(int(fields.pop("Status", "200").split()[0]), body, fields)

    do_GET = do_POST = _serve  # noqa: N815 - the server's names

    def _answer(self, status: int, body: bytes, fields: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (fields or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(root: Path) -> Iterator[tuple[str, type[Backend]]]:
    """Serve the repositories below a folder, which is made; yield the address, and what answers there."""
    root.mkdir()
    kind = type("Own", (Backend,), {"root": root, "gist": {}})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}", kind
        http.shutdown()
        thread.join()


class Repository:
    """A repository with a working copy to commit in."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._git("init", "--quiet", "--initial-branch=main", str(path), cwd=path.parent)

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message=change")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *words: str, cwd: Path | None = None) -> str:
        who = {f"GIT_{role}_{what}": "t@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        env = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", **who}
        done = subprocess.run(
            ["git", *words], cwd=cwd or self.path, env=env, capture_output=True, text=True, check=True
        )
        return done.stdout
