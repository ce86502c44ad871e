from pathlib import Path

import pytest

from runyard.sandbox import Request
from runyard.sandbox.bubblewrap import Toolbox, check_variables, command
from runyard.sandbox.problems import UnsafeVariable
from runyard.sandbox.system_files import SystemFiles

DATA = Path("/var/lib/yard")
WORK = DATA / "work/run_1/1/files"


def tools(
    *,
    setpriv: str = "/usr/bin/setpriv",
    no_userns: bool = False,
    hidden: tuple[Path, ...] = (DATA,),
    seccomp: bool = True,
) -> Toolbox:
    return Toolbox(
        bwrap="/usr/bin/bwrap",
        setpriv=setpriv,
        no_userns=no_userns,
        files=SystemFiles(Path("/yard/etc-1"), Path("/yard/seccomp-1") if seccomp else None),
        trees=(("/usr", None), ("/bin", "usr/bin")),
        resolv_conf=Path("/etc/resolv.conf"),
        hidden=hidden,
    )


def ask(
    *, read_only: tuple[str, ...] = (), roots: tuple[str, ...] = (), network: bool = True, workspace: Path = WORK
) -> Request:
    return Request(
        attempt_id="run_1.1",
        argv=("bash", "main.sh"),
        env={},
        workspace=workspace,
        read_only=tuple(map(Path, read_only)),
        interpreter_roots=tuple(map(Path, roots)),
        network=network,
    )


def text(argv: tuple[str, ...]) -> str:
    return " ".join(argv)


def test_root_changes_users_inside_and_keeps_no_rights() -> None:
    line = text(command(tools(), ask(), 64_007))
    assert "--cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID --cap-add CAP_SETPCAP" in line
    assert line.endswith(
        "-- /usr/bin/setpriv --reuid 64007 --regid 64007 --clear-groups --no-new-privs --bounding-set=-all "
        "--inh-caps=-all --ambient-caps=-all -- bash main.sh"
    )
    assert "--unshare-user" not in line


@pytest.mark.parametrize(("no_userns", "banned"), [(True, True), (False, False)])
def test_others_get_a_user_namespace(*, no_userns: bool, banned: bool) -> None:
    line = text(command(tools(setpriv="", no_userns=no_userns), ask(), None))
    assert "--unshare-user" in line
    assert ("--disable-userns" in line) is banned
    assert line.endswith("-- bash main.sh")
    assert "setpriv" not in line
    assert "--cap-add" not in line


def test_every_namespace_is_its_own() -> None:
    argv = command(tools(), ask(), 64_007)
    assert {"--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent"} <= set(argv)


@pytest.mark.parametrize("network", [True, False])
def test_the_network_decides_namespace_and_resolver(*, network: bool) -> None:
    line = text(command(tools(), ask(network=network), 64_007))
    assert ("--unshare-net" in line) is not network
    assert ("--ro-bind /etc/resolv.conf /etc/resolv.conf" in line) is network


def test_the_filter_is_opened_by_a_shell() -> None:
    with_filter = command(tools(), ask(), 64_007)
    assert with_filter[:5] == ("/bin/sh", "-c", 'exec 9<"$0"; exec "$@"', "/yard/seccomp-1", "/usr/bin/bwrap")
    assert "--seccomp 9" in text(with_filter)
    without = command(tools(seccomp=False), ask(), 64_007)
    assert without[0] == "/usr/bin/bwrap"
    assert "--seccomp" not in without


PLACES = [
    # what is asked for, what must stand there in this order, what must not
    ({}, [f"--bind {WORK} {WORK}"], ["--tmpfs /var/lib/yard"]),
    ({"roots": ("/usr",)}, [], ["--ro-bind /usr /usr --ro-bind /usr /usr"]),
    ({"roots": ("/usr/lib/node",)}, [], ["/usr/lib/node"]),
    ({"roots": ("/opt/py",)}, ["--dir /opt", "--ro-bind /opt/py /opt/py"], []),
    ({"roots": ("/opt/py",), "read_only": ("/opt/py/lib",)}, ["--ro-bind /opt/py /opt/py"], ["/opt/py/lib"]),
    (
        {"read_only": ("/var/lib",)},
        ["--ro-bind /var/lib /var/lib", "--tmpfs /var/lib/yard", f"--bind {WORK} {WORK}"],
        [],
    ),
    ({"roots": ("/",)}, ["--ro-bind / /", "--tmpfs /var/lib/yard", f"--bind {WORK}"], []),
    (
        {"read_only": ("/var/lib/yard/envs/e1", "/var/lib/yard/work/run_1/1/code")},
        [
            "--dir /var/lib",
            "--dir /var/lib/yard",
            "--dir /var/lib/yard/envs",
            "--dir /var/lib/yard/work/run_1/1",
            "--ro-bind /var/lib/yard/envs/e1 /var/lib/yard/envs/e1",
            "--ro-bind /var/lib/yard/work/run_1/1/code /var/lib/yard/work/run_1/1/code",
            f"--bind {WORK} {WORK}",
        ],
        [],
    ),
]


@pytest.mark.parametrize(("wish", "there", "absent"), PLACES)
def test_what_is_mounted(wish: dict[str, tuple[str, ...]], there: list[str], absent: list[str]) -> None:
    line = text(command(tools(), ask(**wish), 64_007))  # type: ignore[arg-type]
    for step in there:
        assert step in line
    for step in absent:
        assert step not in line
    mounts = [line.index(step) for step in there if not step.startswith("--dir")]
    if "--tmpfs /var/lib/yard" in there:
        assert mounts == sorted(mounts)


@pytest.mark.parametrize(
    ("workspace", "roots", "tmp", "run"),
    [
        ("/var/lib/yard/w", (), "--symlink /tmp /var/tmp", "--symlink ../run /var/run"),
        ("/var/tmpfiles/w", ("/var/running",), "--symlink /tmp /var/tmp", "--symlink ../run /var/run"),
        ("/var/tmp/yard/w", (), "--perms 1777 --size 1073741824 --tmpfs /var/tmp", "--symlink ../run /var/run"),
        ("/srv/w", ("/var/tmp",), "--perms 1777 --size 1073741824 --tmpfs /var/tmp", "--symlink ../run /var/run"),
        ("/var/run/yard/w", (), "--symlink /tmp /var/tmp", "--dir /var/run"),
    ],
)
def test_links_make_way_for_what_lies_below_them(workspace: str, roots: tuple[str, ...], tmp: str, run: str) -> None:
    line = text(command(tools(), ask(workspace=Path(workspace), roots=roots), 64_007))
    assert (line.count(f"{tmp} "), line.count(f"{run} ")) == (1, 1)
    assert ("--symlink /tmp /var/tmp " in line) is not ("--tmpfs /var/tmp " in line)
    assert ("--symlink ../run /var/run " in line) is not ("--dir /var/run " in line)
    assert line.index(f"{run} ") < line.index(f"--bind {workspace} {workspace}")


def test_a_data_directory_below_a_system_tree_is_covered_and_its_run_is_not() -> None:
    data = Path("/usr/local/yard")
    place = data / "work/r/files"
    line = text(command(tools(hidden=(data,)), ask(workspace=place, read_only=("/usr/local/yard/envs/e",)), 64_007))
    order = [
        line.index(step)
        for step in (
            "--ro-bind /usr /usr",
            "--tmpfs /usr/local/yard",
            "--dir /usr/local/yard/work/r",
            "--ro-bind /usr/local/yard/envs/e /usr/local/yard/envs/e",
            f"--bind {place} {place}",
            "--remount-ro / ",
        )
    ]
    assert order[0] < order[1] < min(order[2:])
    assert "--dir /usr/local " not in line


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "MALLOC_TRACE", "GLIBC_TUNABLES", "BASH_FUNC_x%%", "ENV", "IFS", "1A", "A-B", ""]
)
def test_unsafe_variables_are_refused(name: str) -> None:
    with pytest.raises(UnsafeVariable):
        check_variables({"OK": "1", name: "x"})


def test_ordinary_variables_pass() -> None:
    check_variables(
        dict.fromkeys(("PATH", "HOME", "LANG", "TZ", "PYTHONUNBUFFERED", "RUNYARD_RUN_ID", "_x", "size"), "")
    )
