"""A run's directories: laid out before an attempt, read with suspicion after it.

What user code has touched is never trusted: links are not followed, special files are not opened, owners are not
changed through links.
"""

import errno
import json
import math
import os
import re
import shutil
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from runyard.engine.spares import Spares
from runyard.sandbox.removal import remove_tree

DEEPEST = 100
LARGEST = 10**308
_TOO_DEEP = f"The outputs are nested more than {DEEPEST} levels deep."
_UNKEPT = re.compile("[\0\ud800-\udfff]")
_NOTHING: Mapping[str, bytes] = {}
OPEN_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Layout(Struct, frozen=True):
    """Where everything of one attempt lies."""

    base: Path
    files: Path
    code: Path
    entry: Path
    io: Path
    parameters: Path
    outputs: Path
    own_state: Path


class Workspaces:
    """All runs' directories below ``work/``, and the state directories of scripts."""

    def __init__(self, work: Path, state: Path) -> None:
        self._work = work
        self._state = state
        self.spares = Spares(work)

    def uploads(self, run_id: str) -> Path:
        """Return where a run's uploaded files lie as they came."""
        return self._work / run_id / "uploads"

    def files(self, run_id: str, attempt: int) -> Path:
        """Return an attempt's workspace."""
        return self._work / run_id / str(attempt) / "files"

    def layout(self, run_id: str, attempt: int, entry: str) -> Layout:
        """Return the paths of an attempt; makes nothing."""
        base = self._work / run_id / str(attempt)
        return Layout(
            base=base,
            files=base / "files",
            code=base / "code",
            entry=base / "code" / entry,
            io=base / "io",
            parameters=base / "io" / "parameters.json",
            outputs=base / "io" / "outputs.json",
            own_state=base / "io" / "state",
        )

    def prepare(
        self,
        layout: Layout,
        run_id: str,
        code: str,
        parameters: bytes,
        links: Iterable[tuple[str, Path]],
        files: Mapping[str, bytes] = _NOTHING,
        tree: Mapping[str, bytes] = _NOTHING,
        *,
        in_workspace: bool = False,
    ) -> None:
        """Lay an attempt out afresh: code, parameters, uploads. Anything that a broken start left is removed first.

        `files` are relative to the attempt's base; `tree` has a project's other files, relative to the code, and with
        `in_workspace` to the workspace too. Uploads go over them.
        """
        if layout.base.name != "1" or not self.spares.take_run(layout.base.parent):
            _make(layout)
        source = code.encode("utf-8", "surrogatepass")
        for path, data in {**files, **{f"code/{path}": data for path, data in tree.items()}}.items():
            _place(layout.base, path, data, 0o755, 0o644)
        entry = str(layout.entry.relative_to(layout.code))
        if in_workspace:
            for path, data in {**tree, entry: source}.items():
                _place(layout.files, path, data, 0o700, 0o600)
        _place(layout.code, entry, source, 0o755, 0o644)
        _write(layout.parameters, parameters, 0o644)
        for name, target in links:
            (layout.code / name).symlink_to(target)
        self._copy_uploads(layout, run_id)

    def _copy_uploads(self, layout: Layout, run_id: str) -> None:
        uploads = self.uploads(run_id)
        if uploads.exists():
            for name in os.listdir(uploads):  # noqa: PTH208 - names, not paths
                target = layout.files / name
                if not target.is_dir():
                    shutil.copyfile(uploads / name, target)

    def state(self, script_id: str) -> Path:
        """Return a script's state directory, made if it is not there."""
        path = self._state / script_id
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def discard(self, run_id: str) -> None:
        """Remove everything of a run."""
        remove_tree(self._work / run_id)


def remove_flat(folder: Path) -> None:
    """Remove a directory that holds a few files; quickly if that is all there is in it."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        for name in os.listdir(fd):  # noqa: PTH208 - by descriptor
            os.unlink(name, dir_fd=fd)
        folder.rmdir()
    except OSError:
        # There is more: directories that a script has made, say.
        remove_tree(folder)
    finally:
        os.close(fd)


def _make(layout: Layout) -> None:
    run = layout.base.parent
    try:
        run.mkdir(mode=0o711)
    except FileExistsError:
        if layout.base.exists():
            remove_tree(layout.base)
    layout.base.mkdir(mode=0o711)
    # mkdir's mode passes through the umask; the run's own user must be able to walk in.
    for folder, mode in ((run, 0o711), (layout.base, 0o711)):
        folder.chmod(mode)
    layout.files.mkdir(mode=0o700)
    layout.code.mkdir()
    layout.code.chmod(0o755)
    layout.io.mkdir(mode=0o700)


def _place(base: Path, path: str, data: bytes, folders: int, mode: int) -> None:
    """Write a file at a relative path below `base`; the folders on its way get `folders`, whatever the umask says."""
    folder = base
    for part in Path(path).parent.parts:
        folder = folder / part
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(folders)
    _write(base / path, data, mode)


def read_small(path: Path, most: int = 4096) -> bytes:
    """Return the beginning of a file that a script may have touched; nothing of what is no regular file of its own."""
    try:
        fd = os.open(path, OPEN_FILE)
    except OSError:
        return b""
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode) or info.st_nlink > 1:
        os.close(fd)
        return b""
    with os.fdopen(fd, "rb") as file:
        return file.read(most)


def _write(path: Path, data: bytes, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    path.chmod(mode)


def read_outputs(path: Path, cap: int) -> tuple[Any, str | None]:
    """Return (value, None), or (None, why not) for what a script left as its outputs; no file is (None, None)."""
    try:
        fd = os.open(path, OPEN_FILE)
    except FileNotFoundError:
        return None, None
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            return None, "The outputs file is not a regular file."
        return None, f"The outputs file can't be read: {error.strerror}."
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode):
        # Python makes no file object of a directory.
        os.close(fd)
        return None, "The outputs file is not a regular file."
    with os.fdopen(fd, "rb") as file:
        if info.st_nlink > 1 and info.st_uid != path.parent.lstat().st_uid:
            # A second name of somebody else's file, which the script itself may not read.
            return None, "The outputs file is somebody else's."
        raw = file.read(cap + 1)
    if len(raw) > cap:
        return None, f"The outputs are larger than {cap} bytes."
    if not raw.strip():
        return None, None
    try:
        value = json.loads(raw, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        return None, _TOO_DEEP
    except ValueError as error:
        return None, f"The outputs are not JSON: {error}."
    trouble = _trouble(value)
    return (value, None) if trouble is None else (None, trouble)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _trouble(value: Any) -> str | None:
    """Return why a JSON value can't be kept on every database and shown to everybody; never recurses."""
    stack = [(value, 0)]
    while stack:
        part, depth = stack.pop()
        if depth > DEEPEST:
            return _TOO_DEEP
        if isinstance(part, dict):
            stack += [(inner, depth + 1) for pair in part.items() for inner in pair]
        elif isinstance(part, list):
            stack += [(inner, depth + 1) for inner in part]
        elif isinstance(part, str) and _UNKEPT.search(part):
            return "The outputs hold text that can't be kept: NUL characters or halves of surrogate pairs."
        elif isinstance(part, int) and abs(part) > LARGEST:
            return "The outputs hold a number that is too large."
    return None
