"""Whether a container engine does what the container level promises, found by doing it once."""

import json
import os
import secrets
import tempfile
from collections.abc import Collection
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from runyard.runner import engine as http
from runyard.runner.container import ENTRY
from runyard.runner.engine import EngineTrouble
from runyard.sandbox import container, probing, system_files
from runyard.sandbox.container import LABEL, OWNER, Engine
from runyard.sandbox.plan import Request

_PATIENCE_S = 60.0
_MARK = "mark"
_SAW = "Saw: the mark"
_CAN = {"memory": "MemoryLimit", "pids": "PidsLimit", "cpu": "CpuCfsQuota"}
# Docker's stream of several frames has eight bytes before each.
_HEAD = 8


@dataclass(frozen=True, slots=True)
class FoundEngine:
    """The engine, or why there is none; ``network`` says why a run can't have one there (empty: it can)."""

    engine: Engine | None
    why: str = ""
    fix: str = ""
    network: str = ""


def socket_of(url: str) -> str:
    """Return the path of ``unix:///run/docker.sock`` or of a plain path."""
    return url.removeprefix("unix://")


def look(
    url: str,
    *,
    home: Path,
    users: range,
    hidden: tuple[Path, ...],
    image: str = "",
    network: str = "bridge",
    tmp_mb: int = 1024,
    shm_mb: int = 256,
) -> FoundEngine:
    """Try the engine behind `url` for real: about half a second, once; without a `url` nothing is tried."""
    if not url:
        why = "no container engine is named; access to one is access to the whole machine"
        return FoundEngine(None, why, "Name one: RUNYARD_SANDBOX__ENGINE=unix:///run/docker.sock")
    if url.startswith(("tcp:", "http:", "https:", "ssh:", "npipe:")):
        return FoundEngine(None, f"{url} is not on this machine", "Name the Unix socket of an engine of this machine.")
    socket = socket_of(url)
    try:
        info = http.demand(socket, "GET", "/info")
        if any("rootless" in option for option in info.get("SecurityOptions") or ()):
            fix = "Use the level `bubblewrap`, or an engine that runs as root."
            return FoundEngine(None, "the engine runs without root, which is not supported", fix)
        made = Engine(
            socket,
            image,
            network,
            version=str(info.get("ServerVersion", "")),
            filtered=any("seccomp" in option for option in info.get("SecurityOptions") or ()),
            hidden=hidden,
            tmp_mb=tmp_mb,
            shm_mb=shm_mb,
            lacks=frozenset(limit for limit, name in _CAN.items() if info.get(name) is False),
        )
        if not image:
            made = _with_own_image(made, home, users)
        elif http.call(socket, "GET", f"/images/{quote(image, safe='')}/json")[0] != 200:  # noqa: PLR2004 - OK
            return FoundEngine(None, f"the engine has no image {image!r}", f"Fetch it: docker pull {image}")
        why = trial(made, home, users[-1] if users else os.getuid())
        if why:
            return FoundEngine(None, why, _fix(why))
        return FoundEngine(made, network=_network(made))
    except (EngineTrouble, OSError, ValueError, KeyError, TypeError) as error:
        fix = "Start it, or let Runyard's user use its socket (for Docker: the group `docker`)."
        return FoundEngine(None, str(error), fix)


def _with_own_image(engine: Engine, home: Path, users: range) -> Engine:
    trees = probing.trees()
    name, content = container.base_image(trees)
    if http.call(engine.socket, "GET", f"/images/{name}/json")[0] != 200:  # noqa: PLR2004 - OK
        # The content is in the name, since Podman gives an image made thus no tag but this one.
        target = f"/images/create?fromSrc=-&repo={name}&tag=latest"
        status, answer = http.call(engine.socket, "POST", target, content, _PATIENCE_S)
        if status != 200:  # noqa: PLR2004 - OK
            raise EngineTrouble(http.words_of(answer))
    files = system_files.write(home, users=users, filter_=None)
    mounted = tuple(tree for tree, link in trees if link is None)
    return replace(engine, image=name, trees=mounted, etc=files.etc)


def trial(engine: Engine, home: Path, uid: int) -> str:
    """Run a question in a container and return what is wrong with the answer, or an empty string."""
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="trial-", dir=home) as place:
        Path(place).chmod(0o755)
        # An engine that sees other files than we do, as from within a container, would mount something else.
        (Path(place) / _MARK).write_text("mark")
        question = f"[ -r {_MARK} ] && echo '{_SAW}'; {probing.QUESTION}"
        request = Request(f"trial-{secrets.token_hex(6)}", ("/bin/sh", "-c", question), {}, Path(place), network=False)
        said = _answer(engine, request, uid)
    if "Uid:" not in said:
        return f"a container gave no answer ({said.strip()[-200:] or 'nothing was said'})"
    if _SAW not in said:
        return "the engine does not see Runyard's files (it runs on another machine, or Runyard in a container)"
    return probing.judge(said, uid=uid, filtered=engine.filtered, groups=False)


def _answer(engine: Engine, request: Request, uid: int) -> str:
    plan = container.body(engine, request, uid, uid)
    config = {
        **plan.config,
        "Entrypoint": ["/bin/sh", "-c", ENTRY, "#"],
        "Cmd": list(request.argv),
        **dict.fromkeys(("OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr"), True),
    }
    try:
        http.demand(engine.socket, "POST", f"/containers/create?name={plan.name}", config)
        with closing(http.connect(engine.socket, _PATIENCE_S)) as line:
            target = f"/containers/{plan.name}/attach?stream=1&stdin=1&stdout=1&stderr=1"
            http.send(line, "POST", target, b"", "Connection: Upgrade", "Upgrade: tcp")
            _, _, data = http.head_of(line)
            http.demand(engine.socket, "POST", f"/containers/{plan.name}/start")
            line.sendall(b"#\n")
            while piece := line.recv(65536):
                data += piece
    finally:
        with suppress(EngineTrouble):
            http.remove(engine.socket, plan.name)
    said = b""
    while len(data) > _HEAD:
        length = int.from_bytes(data[4:_HEAD], "big")
        said += data[_HEAD : _HEAD + length]
        data = data[_HEAD + length :]
    return said.decode("utf-8", "replace")


def sweep(engine: Engine, keep: Collection[str]) -> list[str]:
    """Remove what is left of the owner's containers but those of the attempts `keep`; return whose they were.

    Raises: EngineTrouble.
    """
    if not engine.owner:
        return []
    wanted = json.dumps({"label": [f"{OWNER}={engine.owner}"]})
    found = http.demand(engine.socket, "GET", f"/containers/json?all=1&filters={quote(wanted, safe='')}")
    labels = {one["Id"]: one.get("Labels") or {} for one in found}
    return [
        said.get(LABEL, "")
        for id_, said in labels.items()
        # An engine that does not know the filter would name everybody's.
        if said.get(OWNER) == engine.owner and said.get(LABEL) not in keep and http.remove(engine.socket, id_)
    ]


def _network(engine: Engine) -> str:
    """Return why a run can't have a network at this engine, or an empty string."""
    if engine.network in {"host", "none"}:
        return "" if engine.network == "host" else "sandbox.engine_network is `none`"
    status, _ = http.call(engine.socket, "GET", f"/networks/{quote(engine.network, safe='')}")
    return "" if status == 200 else f"the engine has no network {engine.network!r}"  # noqa: PLR2004 - OK


def _fix(why: str) -> str:
    if "see Runyard's files" in why:
        return "Run Runyard on the engine's own machine, with its data directory at the same path for both."
    return "Run a container by hand to see more, or choose the level `bubblewrap`."
