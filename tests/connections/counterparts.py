"""The other ends of connections: real servers on loopback, each of a test's own."""

import os
import shutil
import socket
import subprocess
import threading
import time
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

LOOPBACK = "127.0.0.1"
PATIENCE_S = 60.0
Answer = tuple[int, dict[str, str], bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def await_port(port: int, process: "subprocess.Popen[bytes] | None" = None) -> None:
    """Wait until something listens; tests themselves have a time limit."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
            return
        assert process is None or process.poll() is None, "the server ended"
        time.sleep(0.02)
    raise AssertionError(f"nothing listens at {port}")


@contextmanager
def web(answer: Callable[[BaseHTTPRequestHandler], Answer]) -> Iterator[str]:
    """Serve what `answer` gives; return the URL."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "counterpart/1", ""

        def do_GET(self) -> None:
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def basic(username: str, password: str) -> str:
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"


@contextmanager
def relayed(path: str) -> Iterator[int]:
    """Let a server that listens at a path be reached at a port of loopback."""
    listener = socket.create_server((LOOPBACK, 0))
    opened: list[socket.socket] = []

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(path)
                opened.extend((near, far))
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for end in opened:
            end.close()


@contextmanager
def sshd(folder: Path) -> Iterator[dict[str, Any]]:
    """A real OpenSSH server; who runs the tests may come in with a key."""
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        pytest.skip("needs openssh-server (sshd)")
    for name in ("host", "user"):
        kind = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(kind, check=True)
    port = free_port()
    settings = folder / "sshd_config"
    settings.write_text(
        f"Port {port}\nListenAddress {LOOPBACK}\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nPermitRootLogin yes\nUsePAM no\n"
        "PasswordAuthentication no\nSubsystem sftp internal-sftp\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    process = subprocess.Popen([program, "-D", "-f", str(settings)], stderr=subprocess.DEVNULL)
    try:
        await_port(port, process)
        listed = subprocess.run(["ssh-keygen", "-lf", str(folder / "host.pub")], check=True, capture_output=True)
        import pwd

        yield {
            "host": LOOPBACK,
            "port": port,
            "username": pwd.getpwuid(os.geteuid()).pw_name,
            "private_key": (folder / "user").read_text(),
            "host_key": listed.stdout.decode().split()[1],
            "line": (folder / "host.pub").read_text(),
        }
    finally:
        process.terminate()
        process.wait()


@contextmanager
def git_repository(folder: Path, token: str) -> Iterator[str]:
    """A repository behind ``git http-backend``, for who brings a token."""
    bare = folder / "bare" / "things.git"
    run = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=trunk"]
    work = folder / "work"
    subprocess.run([*run, "init", "-q", str(work)], check=True)
    subprocess.run([*run, "-C", str(work), "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    subprocess.run([*run, "clone", "-q", "--bare", str(work), str(bare)], check=True)

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        if request.headers.get("Authorization") != basic("git", token):
            return 401, {"WWW-Authenticate": 'Basic realm="git"', "Content-Type": "text/plain"}, b"A token is needed."
        path, _, query = request.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(folder / "bare"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": "GET",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        said = subprocess.run(["git", "http-backend"], env=env, capture_output=True, check=True).stdout
        head, _, body = said.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        status = int(headers.pop("Status", "200 OK").split()[0])
        return status, headers, body

    with web(answer) as url:
        yield f"{url}/things.git"


@contextmanager
def ftp_server(folder: Path) -> Iterator[int]:
    """A real FTP server with one user."""
    with warnings.catch_warnings():
        # It stands on modules that Python 3.11 still has, and says will go.
        warnings.simplefilter("ignore", DeprecationWarning)
        from pyftpdlib.authorizers import DummyAuthorizer
        from pyftpdlib.handlers import FTPHandler
        from pyftpdlib.servers import ThreadedFTPServer

    (folder / "inbox").mkdir()
    authorizer = DummyAuthorizer()
    authorizer.add_user("carrier", "pigeon-post", str(folder))

    class Handler(FTPHandler):  # type: ignore[misc]
        auth_failed_timeout = 0

    Handler.authorizer = authorizer
    server = ThreadedFTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"timeout": 0.05, "handle_exit": False})
    thread.start()
    try:
        yield int(server.address[1])
    finally:
        server.close_all()
        thread.join()


@contextmanager
def mariadb(folder: Path) -> Iterator[dict[str, Any]]:
    """A real MariaDB server."""
    program = shutil.which("mariadbd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    make = shutil.which("mariadb-install-db")
    if program is None or make is None:
        pytest.skip("needs mariadb-server-core (mariadbd)")
    import pwd

    who = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    data, port, path = folder / "data", free_port(), folder / "s"
    data.mkdir()
    if os.geteuid() == 0:
        for place in (folder, *folder.parents):
            if place == Path("/tmp"):
                break
            place.chmod(0o755)
        found = pwd.getpwnam(who)
        for place in (data, folder):
            os.chown(place, found.pw_uid, found.pw_gid)
    shared = ["--no-defaults", f"--user={who}", f"--datadir={data}"]
    subprocess.run(
        [make, *shared, "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"],
        check=True,
        capture_output=True,
    )
    options = [f"--port={port}", f"--bind-address={LOOPBACK}", f"--socket={path}", "--skip-name-resolve"]
    small = ["--innodb-buffer-pool-size=16M", "--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"]
    process = subprocess.Popen(
        [program, *shared, *options, *small], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await_port(port, process)
        yield {"host": LOOPBACK, "port": port, "username": "root", "tls": "off"}
    finally:
        process.terminate()
        process.wait()
