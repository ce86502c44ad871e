"""A web site on loopback that serves `examples/data`, a paged API and a TLS port.

/data/...            the files of examples/data
/site/...            the small site for the crawler; /robots.txt is its robots.txt
/api/orders?page=N   orders.json in pages of two; asks for the bearer token TOKEN
/api/flaky           503 with Retry-After: 0 on every first try, then one order
/moved               redirects to /data/feed.xml
/away                redirects to another host, which does not exist
"""

import datetime as dt
import functools
import http.server
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DATA = Path(__file__).parents[2] / "examples" / "data"
TOKEN = "hush-4711"
PAGE = 2


@dataclass
class Site:
    """What a case may ask of the site; `{site}`, `{tls}` and `{ca}` in a case stand for the first three."""

    url: str
    tls: str
    ca: Path
    paths: list[str] = field(default_factory=list)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves one request and notes its path."""

    def __init__(self, *args: Any, paths: list[str], **kwargs: Any) -> None:
        self.paths = paths
        super().__init__(*args, directory=str(DATA), **kwargs)

    def do_GET(self) -> None:
        self.paths.append(self.path)
        parts = urlsplit(self.path)
        if parts.path == "/api/orders":
            self._orders(int(parse_qs(parts.query).get("page", ["1"])[0]))
        elif parts.path == "/api/flaky":
            self._flaky()
        elif parts.path in {"/moved", "/away"}:
            self.send_response(302)
            self.send_header("Location", "/data/feed.xml" if parts.path == "/moved" else "http://elsewhere.invalid/")
            self.end_headers()
        else:
            self.path = self.path.removeprefix("/data") if self.path.startswith("/data/") else self.path
            if self.path == "/robots.txt":
                self.path = "/site/robots.txt"
            super().do_GET()

    def _orders(self, page: int) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._json(401, {"detail": "no token"})
            return
        orders = json.loads((DATA / "orders.json").read_text(encoding="utf-8"))
        last = page * PAGE >= len(orders)
        self._json(
            200,
            {"data": {"items": orders[(page - 1) * PAGE : page * PAGE]}},
            {} if last else {"Link": f'</api/orders?page={page + 1}>; rel="next", </api/orders?page=1>; rel="first"'},
        )

    def _flaky(self) -> None:
        if self.paths.count(self.path) % 2:
            self._json(503, {}, {"Retry-After": "0"})
        else:
            self._json(200, [{"id": 1, "customer": "Ada"}])

    def _json(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        """Keep quiet: `paths` is the record."""


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1, good for 30 days; return (certificate, key)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "runyard examples")])
    today = dt.datetime.now(dt.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=30, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "example-ca.pem", folder / "key.pem"
    paths[0].write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption()))
    return paths


@contextmanager
def serving(server: http.server.ThreadingHTTPServer) -> Iterator[int]:
    """Serve in a thread until the block ends; yields the port."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    with server:
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


class TlsServer(http.server.ThreadingHTTPServer):
    """Speaks TLS; a client that hangs up in the handshake is no error of ours."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet: a client that does not trust us is one of the cases."""


@contextmanager
def open_site(folder: Path) -> Iterator[Site]:
    """Serve the site on ports of its own choosing; `folder` keeps the certificate."""
    paths: list[str] = []
    handler = functools.partial(Handler, paths=paths)
    cert, key = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with ExitStack() as stack:
        plain = stack.enter_context(serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)))
        secure_server = TlsServer(("127.0.0.1", 0), handler)
        # The handshake belongs to the request's thread, or one silent client would stop all others.
        secure_server.socket = context.wrap_socket(
            secure_server.socket, server_side=True, do_handshake_on_connect=False
        )
        secure = stack.enter_context(serving(secure_server))
        yield Site(url=f"http://127.0.0.1:{plain}", tls=f"127.0.0.1:{secure}", ca=cert, paths=paths)
