import errno
import struct

import pytest

from runyard.sandbox.seccomp import MACHINES, program

ALLOW, KILL = "allow", "kill"


def judge(code: bytes, *, audit: int, number: int, arg0: int = 0) -> str:
    """Run a filter as the kernel does."""
    data = struct.pack("<IIQQ", number, audit, 0, arg0)
    steps = [struct.unpack_from("=HBBI", code, at) for at in range(0, len(code), 8)]
    place = value = 0
    while True:
        op, yes, no, k = steps[place]
        place += 1
        if op == 0x20:
            value = struct.unpack_from("<I", data, k)[0]
        elif op == 0x06:
            return {0x7FFF0000: ALLOW, 0x80000000: KILL}.get(k) or errno.errorcode[k & 0xFFFF]
        else:
            hit = {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[op]
            place += yes if hit else no


CASES = [
    # x86-64 number, first argument, verdict
    (0, 3, ALLOW),
    (59, 0, ALLOW),
    (56, 0x01200011, ALLOW),  # fork
    (56, 0x003D0F00, ALLOW),  # pthread_create
    (56, 0x10000011, "EPERM"),
    (56, 0x00020011, "EPERM"),
    (56, 0x40000011, "EPERM"),
    (435, 0, "ENOSYS"),
    (272, 0x10000000, "EPERM"),
    (165, 0, "EPERM"),
    (101, 0, "EPERM"),
    (321, 0, "EPERM"),
    (250, 0, "EPERM"),
    (425, 0, "EPERM"),
    (41, 2, ALLOW),
    (41, 1, ALLOW),
    (41, 40, "EPERM"),
    (41, 38, "EPERM"),
    (0x40000000 + 1, 0, "ENOSYS"),
    (999, 0, ALLOW),
]


@pytest.mark.parametrize(("number", "arg0", "verdict"), CASES)
def test_verdicts_on_x86_64(number: int, arg0: int, verdict: str) -> None:
    code = program("x86_64")
    assert code
    assert judge(code, audit=0xC000003E, number=number, arg0=arg0) == verdict


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_every_machine_keeps_the_same_promises(machine: str) -> None:
    code, table = program(machine), MACHINES[machine]
    assert code
    assert len(code) // 8 < 256  # jumps are one byte wide
    for number in table.refused:
        assert judge(code, audit=table.audit, number=number) == "EPERM"
    assert judge(code, audit=table.audit, number=table.clone, arg0=17) == ALLOW
    assert judge(code, audit=table.audit, number=table.clone, arg0=0x10000000) == "EPERM"
    assert judge(code, audit=table.audit, number=table.clone3) == "ENOSYS"
    assert judge(code, audit=table.audit, number=table.socket, arg0=40) == "EPERM"
    assert judge(code, audit=0x40000003, number=1) == KILL  # 32-bit x86


def test_an_unknown_machine_has_no_filter() -> None:
    assert program("riscv64") is None
