"""A package index and an npm registry on loopback, with packages made on the spot."""

import base64
import hashlib
import io
import json
import tarfile
import threading
import time
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Registry:
    """What the server answers; ``requests`` are the paths that were asked for, ``delay_s`` slows every answer."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.delay_s = 0.0
        self.url = ""
        self._wheels: dict[str, list[str]] = defaultdict(list)
        self._npm: dict[str, dict[str, object]] = {}

    @property
    def index(self) -> str:
        return f"{self.url}/simple"

    def wheel(
        self,
        name: str,
        version: str = "1.0",
        *,
        needs: tuple[str, ...] = (),
        files: Mapping[str, str] | None = None,
        **modules: str,
    ) -> None:
        """Offer a pure wheel: module ``name`` with VERSION and a console script, further ``modules`` and ``files``."""
        added = files or {}
        info = f"{name}-{version}.dist-info"
        needed = "".join(f"Requires-Dist: {need}\n" for need in needs)
        files = {
            f"{name}/__init__.py": f'VERSION = "{version}"\n\n\ndef main() -> None:\n    print("hello from {name}")\n',
            **{f"{name}/{module}.py": code for module, code in modules.items()},
            **added,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
        }
        files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
        self._offer(name, f"{name}-{version}-py3-none-any.whl", packed.getvalue())

    def withdraw(self, name: str) -> None:
        """Know no Python package of that name any more."""
        del self._wheels[name]

    def sdist(self, name: str, setup: str, version: str = "1.0") -> None:
        """Offer a source distribution whose build backend is the code `setup`."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for path, text in {
                "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
                "backend.py": setup,
                "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            }.items():
                member = tarfile.TarInfo(f"{name}-{version}/{path}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        self._offer(name, f"{name}-{version}.tar.gz", packed.getvalue())

    def npm(self, name: str, version: str, files: dict[str, str], **package: object) -> None:
        """Offer an npm package."""
        manifest = {"name": name, "version": version, **package}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for path, text in {"package.json": json.dumps(manifest), **files}.items():
                member = tarfile.TarInfo(f"package/{path}")
                member.size = len(text.encode())
                archive.addfile(member, io.BytesIO(text.encode()))
        data = packed.getvalue()
        path = f"/{name}/-/{name.rpartition('/')[2]}-{version}.tgz"
        self.files[path] = data
        document = self._npm.setdefault(name, {"name": name, "dist-tags": {}, "versions": {}})
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
        dist = {"tarball": f"{self.url}{path}", "integrity": integrity}
        document["versions"][version] = {**manifest, "dist": dist}  # type: ignore[index]
        document["dist-tags"]["latest"] = version  # type: ignore[index]

    def answer(self, path: str) -> bytes | None:
        self.requests.append(path)
        # As a proxy it is asked for whole addresses.
        path = urlsplit(path).path
        time.sleep(self.delay_s)
        if path in self.files:
            return self.files[path]
        name = path.removeprefix("/").replace("%2f", "/")
        if name in self._npm:
            return json.dumps(self._npm[name]).encode()
        links = self._wheels.get(path.removeprefix("/simple/").strip("/"))
        if links is None:
            return None
        return "".join(f'<a href="{link}">{link.rpartition("/")[2].partition("#")[0]}</a>\n' for link in links).encode()

    def _offer(self, name: str, file: str, data: bytes) -> None:
        self.files[f"/files/{file}"] = data
        self._wheels[name].append(f"{self.url}/files/{file}#sha256={hashlib.sha256(data).hexdigest()}")


@contextmanager
def serving() -> Iterator[Registry]:
    registry = Registry()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = registry.answer(self.path)
            self.send_response(200 if found is not None else 404)
            html = self.path.startswith("/simple/")
            self.send_header("Content-Type", "text/html" if html else "application/json")
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(found or b"")

        do_HEAD = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Clients that are killed hang up."""

    server = Server(("127.0.0.1", 0), Handler)
    registry.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
