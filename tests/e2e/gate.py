"""A gate on loopback at which a script waits until a test lets it go on: no sleeping, no guessing."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """`python` and `shell` are lines of code that wait at the gate; `open` lets everybody through."""

    def __init__(self, url: str, opened: threading.Event) -> None:
        self.url = url
        self.open = opened.set

    @property
    def python(self) -> str:
        return f"import urllib.request; urllib.request.urlopen('{self.url}').read()"

    @property
    def shell(self) -> str:
        host, _, port = self.url.removeprefix("http://").partition(":")
        return f"exec 3<>/dev/tcp/{host}/{port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3 >/dev/null"


@contextmanager
def standing() -> Iterator[Gate]:
    """Stand on a port of its own until the block ends; opens at the latest then."""
    opened = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            opened.wait()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Keep quiet: a script that is killed at the gate hangs up."""

    with Quiet(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield Gate(f"http://127.0.0.1:{server.server_port}", opened)
        finally:
            opened.set()
            server.shutdown()
            thread.join()
