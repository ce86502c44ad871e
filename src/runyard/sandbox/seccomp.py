"""A seccomp filter for user code, assembled by hand: what no script needs and kernel exploits like.

It refuses new namespaces (with user namespaces a script would get all capabilities over fresh kernel surface), mounts,
keyrings, BPF, tracing, io_uring, perf, userfaultfd, module and reboot calls, and sockets that leave the machine past
the network namespace (vsock). Everything else is allowed.
"""

import errno
import struct
from dataclasses import dataclass

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_REFUSE = 0x00050000

_NR, _ARCH, _ARG0 = 0, 4, 16  # offsets in struct seccomp_data; the low half of an argument on little-endian machines

_NAMESPACES = 0x7E020000  # CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}
_AF_ALG, _AF_VSOCK = 38, 40
_X32 = 0x40000000


@dataclass(frozen=True, slots=True)
class _Machine:
    audit: int
    clone: int
    clone3: int
    socket: int
    refused: tuple[int, ...]
    x32: bool = False


# Numbers from the kernel's own tables. In order: unshare, setns, mount, umount2, pivot_root, chroot, open_tree,
# move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr, open_tree_attr, keyctl, add_key, request_key, bpf,
# ptrace, process_vm_readv, process_vm_writev, userfaultfd, perf_event_open, io_uring_setup/enter/register, init_module,
# finit_module, delete_module, kexec_load, kexec_file_load, reboot, swapon, swapoff, acct, quotactl, open_by_handle_at.
_X86_64 = _Machine(
    audit=0xC000003E,
    clone=56,
    clone3=435,
    socket=41,
    refused=(
        *(272, 308, 165, 166, 155, 161, 428, 429, 430, 431, 432, 433, 442, 467),
        *(250, 248, 249, 321, 101, 310, 311, 323, 298, 425, 426, 427),
        *(175, 313, 176, 246, 320, 169, 167, 168, 163, 179, 304),
        *(172, 173, 156, 212),  # iopl, ioperm, _sysctl, lookup_dcookie
    ),
    x32=True,
)
_AARCH64 = _Machine(
    audit=0xC00000B7,
    clone=220,
    clone3=435,
    socket=198,
    refused=(
        *(97, 268, 40, 39, 41, 51, 428, 429, 430, 431, 432, 433, 442, 467),
        *(219, 217, 218, 280, 117, 270, 271, 282, 241, 425, 426, 427),
        *(105, 273, 106, 104, 294, 142, 224, 225, 89, 60, 265),
    ),
)
MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}


def program(machine: str) -> bytes | None:
    """Return the filter for `machine` (as ``platform.machine()`` names it), ready for bubblewrap; None if unknown."""
    known = MACHINES.get(machine)
    return _assemble(known) if known else None


def _assemble(machine: _Machine) -> bytes:
    code: list[bytes] = []

    def put(op: int, value: int, yes: int = 0, no: int = 0) -> None:
        code.append(struct.pack("=HBBI", op, yes, no, value))

    refuse = _REFUSE | errno.EPERM
    put(_LOAD, _ARCH)
    put(_EQUAL, machine.audit, 1, 0)
    put(_RETURN, _KILL)  # 32-bit code would see other numbers: it does not run here at all
    put(_LOAD, _NR)
    if machine.x32:
        put(_AT_LEAST, _X32, 0, 1)
        put(_RETURN, _REFUSE | errno.ENOSYS)
    put(_EQUAL, machine.clone3, 0, 1)
    put(_RETURN, _REFUSE | errno.ENOSYS)  # its flags lie behind a pointer; C libraries then fall back to clone
    for number in sorted(machine.refused):
        put(_EQUAL, number, 0, 1)
        put(_RETURN, refuse)
    put(_EQUAL, machine.clone, 0, 3)
    put(_LOAD, _ARG0)
    put(_ANY_BIT, _NAMESPACES, 0, 5)
    put(_RETURN, refuse)
    put(_EQUAL, machine.socket, 0, 3)
    put(_LOAD, _ARG0)
    put(_EQUAL, _AF_VSOCK, 2, 0)
    put(_EQUAL, _AF_ALG, 1, 0)
    put(_RETURN, _ALLOW)
    put(_RETURN, refuse)
    return b"".join(code)
