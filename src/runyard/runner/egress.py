"""The gate of a run that may reach some places only: a network of its own, and one proxy out of it that chooses.

The script's network has nothing but its loopback, where the proxy listens; the proxy's own connections leave from the
machine's network. It speaks HTTP: CONNECT, and plain requests for `http://`. Anything else has no way out.
"""

from __future__ import annotations

# the bare modules: the ones on top of them bring what a shim has no use for
import _socket
import _thread
import fcntl
import os
import select
import signal
import struct
from contextlib import suppress

from . import kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Rule = tuple[str, int | None]

PORT = 3128
_PIECE = 65536
_HEAD = 65536
_MOST = 256
_PATIENCE_S = 30.0
_IDLE_MS = 600_000
_TOLD = 20
_WEB = (80, 443)
_ANY_PORT = 0
_LOCAL_NAMES = ("localhost", "ip6-localhost")
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

# Where clouds hand out credentials, beside the link-local addresses.
_METADATA = ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254", "fd00:42::42")
_MAPPED = (bytes(10) + b"\xff\xff", bytes.fromhex("0064ff9b") + bytes(8), bytes(12))


def rule_of(text: str) -> Rule:
    """Return host pattern and port of ``host``, ``host:port``, ``host:*``, ``*.host`` or ``[address]:port``.

    The port is None where none was named: then it is the web's, 80 and 443. Raises ValueError.
    """
    host, port = split_host(text.strip().lower())
    host = host.rstrip(".")
    if not host or any(letter in host for letter in "/@ \t\r\n\0"):
        raise ValueError(f"{text!r} is no place")
    if "*" in host and (host.count("*") != 1 or not host.startswith("*.") or len(host) < 4):  # noqa: PLR2004 - "*.x"
        raise ValueError(f"{text!r} is no place")
    if port == "*":
        return host, _ANY_PORT
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):  # noqa: PLR2004 - ports
        raise ValueError(f"{text!r} is no place")
    return host, int(port)


def split_host(text: str) -> tuple[str, str]:
    """Return host and port of what stands in a URL or a CONNECT; an empty port if there is none."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        return host, port[1:]
    if text.count(":") > 1:
        return text, ""
    host, _, port = text.partition(":")
    return host, port


def matching(rules: list[Rule], host: str, port: int) -> Rule | None:
    """Return the rule that lets `host` at `port` through."""
    host = host.lower().rstrip(".")
    for pattern, allowed in rules:
        if port not in _WEB if allowed is None else allowed not in (_ANY_PORT, port):
            continue
        if host == pattern or (
            pattern.startswith("*.") and host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
        ):
            return pattern, allowed
    return None


def why_closed(address: str, rule: Rule) -> str:
    """Return why an address may not be reached although its name may, or an empty string."""
    packed = _packed(address)
    if packed is None:
        return "it is no address"
    if packed in _CLOUD or (len(packed) == 4 and packed[:2] == b"\xa9\xfe") or _linked(packed):  # noqa: PLR2004 - IPv4
        return "link-local and metadata addresses are always refused"
    if _nowhere(packed):
        return "it is not the address of one machine"
    loopback = packed[:1] == b"\x7f" if len(packed) == 4 else packed == bytes(15) + b"\1"  # noqa: PLR2004 - IPv4
    if loopback and rule[0] not in _LOCAL_NAMES and _packed(rule[0]) is None:
        return "it is this machine itself, which has to be allowed by its address"
    return ""


def why_never(rule: Rule) -> str:
    """Return why no run may have a rule, or an empty string: an address that is always refused."""
    return "" if _packed(rule[0]) is None else why_closed(rule[0], rule)


def _packed(address: str) -> bytes | None:
    """Return an address as 4 or 16 bytes, IPv4 in IPv6 as IPv4; None if it is a name."""
    with suppress(OSError, ValueError):
        return _socket.inet_pton(_socket.AF_INET, address)
    with suppress(OSError, ValueError):
        packed: bytes = _socket.inet_pton(_socket.AF_INET6, address.partition("%")[0])
        for prefix in _MAPPED:
            if packed.startswith(prefix) and packed[12:] not in (bytes(4), b"\0\0\0\1"):
                return packed[12:]
        return packed
    return None


def _linked(packed: bytes) -> bool:
    return len(packed) == 16 and packed[0] == 0xFE and packed[1] & 0xC0 == 0x80  # noqa: PLR2004 - fe80::/10


def _nowhere(packed: bytes) -> bool:
    """Tell unspecified, multicast and broadcast addresses."""
    if len(packed) == 4:  # noqa: PLR2004 - IPv4
        return packed[0] == 0 or packed[0] >= 224  # noqa: PLR2004 - 0/8, 224/4, 240/4
    return packed == bytes(16) or packed[0] == 0xFF  # noqa: PLR2004 - ::, ff00::/8


_CLOUD = frozenset(map(_packed, _METADATA))


class Gate:
    """The proxy of one run: made before the script's process leaves the machine's network, opened once it has."""

    def __init__(self, wish: dict[str, Any], keep: int) -> None:
        """Fork the proxy; `keep` is a descriptor that it must not hold. It dies with the calling process."""
        self._line, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        leader = os.getpid()
        if os.fork():
            theirs.close()
            return
        try:
            os.close(keep)
            _become_proxy(wish, leader, theirs)
        finally:
            os._exit(1)

    def open(self) -> None:
        """Listen in the network that this process is in now, and have the proxy answer there. Raises OSError."""
        listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        _raise_loopback(listener)
        listener.bind(("127.0.0.1", PORT))
        listener.listen(_MOST)
        rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("i", listener.fileno()))
        self._line.sendmsg([b"!"], [rights])
        listener.close()
        self._line.close()


def leave() -> None:
    """Move this process into a network of its own, with nothing in it; as an ordinary user, into own users too."""
    if os.geteuid() == 0:
        kernel.unshare(_CLONE_NEWNET)
        return
    uid, gid = os.getuid(), os.getgid()
    kernel.show_memory()
    kernel.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)


def enter(pid: int) -> None:
    """Move this process into the network of another one. Raises OSError."""
    fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        kernel.setns(fd, _CLONE_NEWNET)
    finally:
        os.close(fd)


def _raise_loopback(any_socket: _socket.socket) -> None:
    ask = struct.pack("16sh14x", b"lo", 0)
    flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket.fileno(), _SIOCGIFFLAGS, ask))[1]
    if not flags & _IFF_UP:
        fcntl.ioctl(any_socket.fileno(), _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def _become_proxy(wish: dict[str, Any], leader: int, line: _socket.socket) -> None:
    # A polite stop is for the script; what it still has to send then, it may.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(-1)
    kernel.name_proxy()
    mine = os.dup2(line.fileno(), 3)
    line.detach()
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    if wish.get("uid") is not None:
        os.setgroups([])
        os.setgid(wish["uid"])
        os.setuid(wish["uid"])
    kernel.hide_memory()
    kernel.die_with_parent(leader)
    listener = _received(_socket.socket(fileno=mine))
    if listener is not None:
        Proxy([rule_of(text) for text in wish["allow"]]).serve(listener)


def _received(line: _socket.socket) -> _socket.socket | None:
    data, rights, _, _ = line.recvmsg(1, _socket.CMSG_LEN(4))
    line.close()
    if not data or not rights:
        return None
    return _socket.socket(fileno=struct.unpack("i", rights[0][2][:4])[0])


class Refused(Exception):  # noqa: N818 - errors are nouns here
    """A request that gets no way out: a status and a sentence."""

    def __init__(self, status: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Proxy:
    """Answers the requests of one run, each in a thread of its own."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = rules
        self._busy = 0
        self._told: set[str] = set()

    def serve(self, listener: _socket.socket) -> None:
        """Answer until this process is ended."""
        while True:
            fd = listener._accept()[0]  # type: ignore[attr-defined]  # noqa: SLF001 - the module on top hides it
            client = _socket.socket(fileno=fd)
            if self._busy >= _MOST:
                client.close()
                continue
            self._busy += 1
            _thread.start_new_thread(self._answer, (client,))

    def _answer(self, client: _socket.socket) -> None:
        server: _socket.socket | None = None
        try:
            client.settimeout(_PATIENCE_S)
            head, rest = _request(client)
            method, host, port, onward = _wish(head)
            server = self._reach(host, port)
            if method == "CONNECT":
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            server.sendall(onward + rest)
            _pass_on(client, server)
        except Refused as refused:
            text = f"Runyard: {refused}\n".encode()
            first = f"HTTP/1.1 {refused.status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            with suppress(OSError):
                client.sendall(f"{first}Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text)
        except OSError:
            # one of both sides has gone: there is nobody left to tell
            pass
        finally:
            self._busy -= 1
            client.close()
            if server is not None:
                server.close()

    def _reach(self, host: str, port: int) -> _socket.socket:
        rule = matching(self._rules, host, port)
        if rule is None:
            raise self._refused(host, port, "it is not on this script's list of allowed places")
        try:
            # as bytes, or else an encoding would be loaded only now
            found = _socket.getaddrinfo(host.encode("ascii"), port, 0, _socket.SOCK_STREAM)
        except (OSError, UnicodeEncodeError):
            raise Refused("502 Bad Gateway", f"{host} has no address.") from None
        why = ""
        for family, kind, protocol, _, address in found:
            closed = why_closed(str(address[0]), rule)
            if closed:
                why = closed
                continue
            server = _socket.socket(family, kind, protocol)
            server.settimeout(_PATIENCE_S)
            try:
                # to the address that was looked at, so that no second answer of a name server can change it
                server.connect(address)
            except OSError:
                server.close()
            else:
                return server
        if why:
            raise self._refused(host, port, why)
        raise Refused("502 Bad Gateway", f"{host}:{port} does not answer.")

    def _refused(self, host: str, port: int, why: str) -> Refused:
        place = f"{host}:{port}"
        if place not in self._told and len(self._told) < _TOLD:
            self._told.add(place)
            with suppress(OSError):
                os.write(2, f"runyard: no way to {place}: {why}\n".encode("utf-8", "replace"))
        return Refused("403 Forbidden", f"no way to {place}: {why}.")


def _request(client: _socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        if len(data) > _HEAD:
            raise Refused("431 Request Header Fields Too Large", "the request's head is too long.")
        piece = client.recv(_PIECE)
        if not piece:
            raise OSError(0, "gone")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _wish(head: bytes) -> tuple[str, str, int, bytes]:
    """Return method, host, port, and what to send to the server first."""
    lines = head.split(b"\r\n")
    words = lines[0].decode("latin-1").split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
        raise Refused("400 Bad Request", "this is a proxy for HTTP.")
    method, target, version = words
    if method == "CONNECT":
        host, port = split_host(target)
        return method, host, _port(port, None), b""
    scheme, mark, rest = target.partition("://")
    if not mark or scheme.lower() != "http":
        raise Refused("400 Bad Request", "this proxy carries CONNECT and http:// requests only.")
    at = min((rest.find(sign) for sign in "/?#" if sign in rest), default=len(rest))
    authority, path = rest[:at].rpartition("@")[2], rest[at:]
    host, port = split_host(authority)
    kept = [line for line in lines[1:] if not line.lower().startswith((b"proxy-", b"connection:", b"keep-alive:"))]
    first = f"{method} {path if path.startswith('/') else f'/{path}'} {version}".encode("latin-1")
    # one request for one connection: what follows on it would not be looked at
    return method, host, _port(port, 80), b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def _port(text: str, default: int | None) -> int:
    if not text and default is not None:
        return default
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):  # noqa: PLR2004 - ports
        raise Refused("400 Bad Request", "the request names no port.")
    return int(text)


def _pass_on(client: _socket.socket, server: _socket.socket) -> None:
    """Carry bytes both ways until both sides are done, or silent for long."""
    other = {client.fileno(): server, server.fileno(): client}
    own = {client.fileno(): client, server.fileno(): server}
    poll = select.poll()
    for fd in own:
        poll.register(fd, select.POLLIN)
    while own:
        ready = poll.poll(_IDLE_MS)
        if not ready:
            return
        for fd, _ in ready:
            data = own[fd].recv(_PIECE)
            if data:
                other[fd].sendall(data)
                continue
            poll.unregister(fd)
            del own[fd]
            with suppress(OSError):
                other[fd].shutdown(_socket.SHUT_WR)
