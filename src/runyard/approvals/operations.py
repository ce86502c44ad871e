"""The operations that can wait for a second person: a new one is a line here, and a `demand` where it is done. Pure."""

from enum import StrEnum

from msgspec import Struct

from runyard.access.permissions import Permission

PROD = "prod"
"""The stage whose runs and values may be guarded."""


class Operation(StrEnum):
    """What may have to wait."""

    script_delete = "script.delete"
    script_run = "script.run"
    script_export = "script.export"
    run_prod = "run.prod"
    secret_prod = "secret.prod"  # noqa: S105 - the name of an operation
    member_change = "member.change"
    keys_rotate = "keys.rotate"
    rules_change = "rules.change"


class Guarded(Struct, frozen=True):
    """What an operation demands of who agrees to it, beside ``approval:decide``.

    A `released` one is not carried out by consent: who asked may do it for a while. One `everywhere` may belong to no
    project, and waits then as soon as any project demands it.
    """

    permission: Permission
    released: bool = False
    everywhere: bool = False


OPERATIONS: dict[Operation, Guarded] = {
    Operation.script_delete: Guarded(Permission.script_write),
    Operation.script_run: Guarded(Permission.run_submit),
    Operation.script_export: Guarded(Permission.script_read, released=True),
    Operation.run_prod: Guarded(Permission.run_submit),
    Operation.secret_prod: Guarded(Permission.secret_manage, everywhere=True),
    Operation.member_change: Guarded(Permission.project_manage, everywhere=True),
    Operation.keys_rotate: Guarded(Permission.system_manage, everywhere=True),
    Operation.rules_change: Guarded(Permission.project_manage),
}
OF_RUNS = frozenset({Operation.script_run, Operation.run_prod})
"""What makes a project's submits look closer."""


def known(names: list[str]) -> frozenset[Operation]:
    """Return the operations of those names; what this version does not know is left out."""
    return frozenset(operation for operation in Operation if operation.value in names)
