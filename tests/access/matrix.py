"""The table of routes: what each demands, and what it names. One line a route; a route without a line fails a test.

``{script}`` and the like, in paths and bodies, are the things of a `Side`: of one's own project or of a foreign one.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from runyard.access.permissions import Permission

P = Permission


class Kind(Enum):
    """How a route decides."""

    thing = "thing"
    """It names something of a project: 404 for what is foreign, 403 without the permission there."""
    listing = "listing"
    """It names nothing: it shows what is the asker's, and never anything foreign."""
    installation = "installation"
    """It belongs to the installation, whatever it names: 403 for everybody else."""
    own = "own"
    """It is about oneself; what it may name is one's own or missing."""
    anyone = "anyone"
    """It names something that everybody who is signed in may see."""


@dataclass(frozen=True)
class Line:
    """What a route demands, and a request that it would grant."""

    permission: P
    kind: Kind
    body: Any = None
    query: dict[str, str] = field(default_factory=dict)
    files: bool = False
    fresh: str = ""
    """What is made anew before each request, for it does not outlive one."""
    granted: tuple[int, ...] = (200, 201, 202, 204, 409, 422)
    """What may be answered where it is granted: a conflict or a finer check comes after who may."""
    also: P | None = None
    """What the service demands in the project besides, where the guard asks for less."""
    narrow: tuple[int, ...] = ()
    """What may be answered besides to a token that holds this permission and no other."""
    person: bool = False
    """Whether a token is refused even if it holds the permission."""


THING, LIST, YARD, OWN, ANY = Kind.thing, Kind.listing, Kind.installation, Kind.own, Kind.anyone
_GIT = {"kind": "git", "url": "https://127.0.0.1:9/x.git", "path": "a.sh"}
_NEW = {"name": "{new}", "language": "shell", "code": "true", "project": "{project}"}
_HERE = {"project": "{project}"}
_JOB = {"name": "{new}", "target": {"kind": "script", "id": "{script_id}"}, "project": "{project}"}
_DAY = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
_PASSWORD = {"current_password": "x"}
_AWAY = {"kind": "http", "url": "https://127.0.0.1:9"}
_WHO = {"username": "{other}"}

MATRIX: dict[tuple[str, str], Line] = {
    # Oneself
    ("GET", "/me"): Line(P.self_read, ANY),
    ("PATCH", "/me"): Line(P.self_manage, OWN, {"display_name": ""}),
    ("POST", "/me/password"): Line(
        P.self_manage, OWN, {"current_password": "x", "new_password": "y" * 9}, granted=(422, 429), person=True
    ),
    ("GET", "/me/second-factor"): Line(P.self_manage, OWN),
    ("POST", "/me/second-factor"): Line(P.self_manage, OWN, _PASSWORD, granted=(422, 429), person=True),
    ("POST", "/me/second-factor/confirm"): Line(P.self_manage, OWN, {"code": "123456"}, granted=(409,), person=True),
    ("POST", "/me/second-factor/recovery-codes"): Line(P.self_manage, OWN, _PASSWORD, granted=(422, 429), person=True),
    ("POST", "/me/second-factor/drop"): Line(P.self_manage, OWN, _PASSWORD, granted=(422, 429), person=True),
    ("DELETE", "/users/{user}/second-factor"): Line(P.system_manage, YARD, granted=(409,)),
    ("POST", "/me/email"): Line(
        P.self_manage, OWN, {**_PASSWORD, "email": "a@example.org"}, granted=(422, 429), person=True
    ),
    ("GET", "/me/sessions"): Line(P.self_manage, OWN),
    ("DELETE", "/me/sessions/{session_id}"): Line(P.self_manage, OWN, granted=(404,), person=True),
    ("GET", "/users/{user}/sessions"): Line(P.system_manage, YARD),
    ("DELETE", "/users/{user}/sessions/{session_id}"): Line(P.system_manage, YARD, granted=(404,)),
    ("GET", "/tokens"): Line(P.self_manage, OWN),
    ("POST", "/tokens"): Line(P.self_manage, OWN, {"name": "t", "permissions": ["self:read"]}, person=True),
    ("DELETE", "/tokens/{token_id}"): Line(P.self_manage, OWN, fresh="token"),
    # Users, teams, roles
    ("GET", "/users"): Line(P.system_manage, YARD),
    ("POST", "/users"): Line(P.system_manage, YARD, {"username": "{new}"}),
    ("GET", "/users/{user}"): Line(P.system_manage, YARD),
    ("PATCH", "/users/{user}"): Line(P.system_manage, YARD, {"display_name": "x"}),
    ("POST", "/users/{user}/password"): Line(P.system_manage, YARD, {"password": "a new password"}, fresh="user"),
    ("GET", "/invitations"): Line(P.system_manage, YARD),
    ("POST", "/invitations"): Line(P.system_manage, YARD, {"projects": [{"project": "default", "role": "viewer"}]}),
    ("DELETE", "/invitations/{invitation_id}"): Line(P.system_manage, YARD, granted=(404,)),
    ("GET", "/permissions"): Line(P.self_read, ANY),
    ("GET", "/roles"): Line(P.self_read, ANY),
    ("POST", "/roles"): Line(P.system_manage, YARD, {"name": "{new}", "permissions": ["run:read"]}),
    ("GET", "/roles/{role}"): Line(P.self_read, ANY),
    ("PATCH", "/roles/{role}"): Line(P.system_manage, YARD, {"description": "x"}),
    ("DELETE", "/roles/{role}"): Line(P.system_manage, YARD, fresh="role"),
    ("GET", "/teams"): Line(P.self_read, ANY),
    ("POST", "/teams"): Line(P.system_manage, YARD, {"name": "{new}"}),
    ("GET", "/teams/{team}"): Line(P.self_read, OWN),
    ("PATCH", "/teams/{team}"): Line(P.system_manage, YARD, {"description": "x"}),
    ("DELETE", "/teams/{team}"): Line(P.system_manage, YARD, fresh="team"),
    ("GET", "/teams/{team}/members"): Line(P.self_read, OWN),
    ("POST", "/teams/{team}/members"): Line(P.system_manage, YARD, _WHO),
    ("DELETE", "/teams/{team}/members/{user}"): Line(P.system_manage, YARD, granted=(204, 404)),
    # Projects
    ("GET", "/projects"): Line(P.project_read, LIST),
    ("POST", "/projects"): Line(P.system_manage, YARD, {"name": "{new}"}),
    ("GET", "/projects/{project}"): Line(P.project_read, THING),
    ("PATCH", "/projects/{project}"): Line(P.project_manage, THING, {"description": "x"}),
    ("DELETE", "/projects/{project}"): Line(P.project_manage, THING, fresh="project"),
    ("GET", "/projects/{project}/members"): Line(P.project_read, THING),
    ("POST", "/projects/{project}/members"): Line(P.project_manage, THING, {"username": "admin", "role": "viewer"}),
    ("PATCH", "/projects/{project}/members/{user}"): Line(P.project_manage, THING, {"role": "viewer"}, narrow=(403,)),
    ("DELETE", "/projects/{project}/members/{user}"): Line(P.project_manage, THING, fresh="member", narrow=(403,)),
    ("GET", "/projects/{project}/teams"): Line(P.project_read, THING),
    ("POST", "/projects/{project}/teams"): Line(P.project_manage, THING, {"team": "{team}", "role": "viewer"}),
    ("PATCH", "/projects/{project}/teams/{team}"): Line(P.project_manage, THING, {"role": "viewer"}, narrow=(403,)),
    ("DELETE", "/projects/{project}/teams/{team}"): Line(P.project_manage, THING, fresh="project_team", narrow=(403,)),
    ("GET", "/projects/{project}/run-policy"): Line(P.run_read, THING),
    ("PUT", "/projects/{project}/run-policy"): Line(P.run_manage, THING, {}),
    ("GET", "/projects/{project}/run-archives"): Line(P.run_read, THING),
    ("GET", "/projects/{project}/run-archives/{name}"): Line(P.run_read, THING),
    # Second persons: who sees and decides on which request is the approvals' own tests' to say.
    ("GET", "/approvals"): Line(P.project_read, LIST),
    ("GET", "/approvals/count"): Line(P.project_read, LIST),
    ("GET", "/approvals/{approval_id}"): Line(P.project_read, THING, granted=(200, 404)),
    ("POST", "/approvals/{approval_id}/approve"): Line(
        P.self_manage, THING, {"revision": 1}, granted=(200, 403, 404, 409), fresh="approval", narrow=(404,)
    ),
    ("POST", "/approvals/{approval_id}/reject"): Line(
        P.self_manage, THING, {"reason": "x"}, granted=(200, 403, 404, 409), fresh="approval", narrow=(404,)
    ),
    ("POST", "/approvals/{approval_id}/withdraw"): Line(
        P.self_manage, THING, granted=(200, 403, 404), fresh="approval", narrow=(404,)
    ),
    ("POST", "/approvals/{approval_id}/comments"): Line(
        P.self_manage, THING, {"text": "x"}, granted=(201, 404), fresh="approval", narrow=(404,)
    ),
    ("PATCH", "/approvals/{approval_id}/comments/{comment}"): Line(
        P.self_manage, THING, {"resolved": True}, granted=(200, 404), fresh="approval", narrow=(404,)
    ),
    ("GET", "/projects/{project}/approval-rules"): Line(P.project_read, THING),
    ("PUT", "/projects/{project}/approval-rules"): Line(
        P.project_manage, THING, {"four_eyes": False, "operations": []}
    ),
    ("GET", "/scripts/{script_id}/publication"): Line(P.script_read, THING),
    ("POST", "/scripts/{script_id}/reviews"): Line(P.script_write, THING, {}),
    ("POST", "/scripts/{script_id}/publish"): Line(P.script_write, THING, {"version": 1}),
    ("PUT", "/scripts/{script_id}/mark"): Line(P.project_manage, THING, {"marked": False}),
    # Scripts
    ("GET", "/scripts"): Line(P.script_read, THING, query=_HERE),
    ("POST", "/scripts"): Line(P.script_write, THING, _NEW),
    ("GET", "/scripts/{script_id}"): Line(P.script_read, THING),
    ("PATCH", "/scripts/{script_id}"): Line(P.script_write, THING, {"description": "x"}),
    ("DELETE", "/scripts/{script_id}"): Line(P.script_write, THING, fresh="script"),
    ("PUT", "/scripts/{script_id}/owner"): Line(P.script_write, THING, _WHO, granted=(200, 403, 422)),
    ("POST", "/scripts/{script_id}/move"): Line(
        P.script_write, THING, {"project": "{project}"}, granted=(201, 403, 409)
    ),
    ("POST", "/scripts/{script_id}/restore"): Line(P.script_write, THING),
    ("POST", "/scripts/{script_id}/copy"): Line(P.script_write, THING, {}),
    ("GET", "/scripts/{script_id}/versions"): Line(P.script_read, THING),
    ("GET", "/scripts/{script_id}/versions/{number}"): Line(P.script_read, THING),
    ("GET", "/scripts/{script_id}/versions/{number}/files/{path:path}"): Line(P.script_read, THING),
    ("POST", "/scripts/{script_id}/rollback"): Line(P.script_write, THING, {"version": 1}),
    ("GET", "/scripts/{script_id}/schema"): Line(P.script_read, THING),
    ("GET", "/scripts/{script_id}/openapi"): Line(P.script_read, THING),
    ("POST", "/scripts/{script_id}/star"): Line(P.self_manage, THING, also=P.script_read),
    ("DELETE", "/scripts/{script_id}/star"): Line(P.self_manage, THING, also=P.script_read),
    ("GET", "/tags"): Line(P.script_read, THING, query=_HERE),
    ("GET", "/categories"): Line(P.script_read, THING, query=_HERE),
    ("POST", "/categories"): Line(P.script_write, THING, {"name": "{new}", "project": "{project}"}),
    ("PATCH", "/categories/{category_id}"): Line(P.script_write, THING, {"colour": "#112233"}),
    ("DELETE", "/categories/{category_id}"): Line(P.script_write, THING, fresh="category"),
    ("GET", "/folders"): Line(P.script_read, THING, query=_HERE),
    ("POST", "/folders/rename"): Line(P.script_write, THING, {"folder": "a", "to": "b", "project": "{project}"}),
    ("POST", "/scripts/place"): Line(P.script_write, THING, {"script_ids": ["{script_id}"]}),
    ("POST", "/scripts/analyse"): Line(
        P.script_write, THING, {"language": "shell", "code": "true", "script_id": "{script_id}"}, narrow=(403,)
    ),
    ("POST", "/imports/preview"): Line(P.script_write, LIST, files=True),
    ("POST", "/imports"): Line(P.script_write, THING, {"project": "{project}"}, files=True),
    ("POST", "/imports/source"): Line(
        P.script_write, THING, {**_GIT, "project": "{project}"}, granted=(201, 409, 422, 502, 503)
    ),
    ("GET", "/scripts/export"): Line(P.script_read, THING, query={"script_id": "{script_id}", "project": "{project}"}),
    ("GET", "/scripts/{script_id}/parameter-sets"): Line(P.script_read, THING),
    ("POST", "/scripts/{script_id}/parameter-sets"): Line(P.run_submit, THING, {"name": "{new}"}, narrow=(403,)),
    ("PATCH", "/scripts/{script_id}/parameter-sets/{set_id}"): Line(
        P.run_submit, THING, {"description": "x"}, narrow=(403,)
    ),
    ("DELETE", "/scripts/{script_id}/parameter-sets/{set_id}"): Line(P.run_submit, THING, fresh="set", narrow=(403,)),
    ("GET", "/scripts/{script_id}/source"): Line(P.script_read, THING),
    ("PUT", "/scripts/{script_id}/source"): Line(P.script_write, THING, _GIT, granted=(200, 409, 422, 502, 503)),
    ("POST", "/scripts/{script_id}/source/sync"): Line(P.script_write, THING, granted=(202, 409, 422, 503)),
    ("DELETE", "/scripts/{script_id}/source"): Line(P.script_write, THING, fresh="source"),
    # Runs
    ("GET", "/runs"): Line(P.run_read, LIST),
    ("POST", "/runs"): Line(P.run_submit, THING, {"script_id": "{script_id}"}),
    ("POST", "/scripts/{script_id}/runs"): Line(P.run_submit, THING, {}),
    ("GET", "/runs/latest"): Line(P.run_read, LIST, query={"script_id": "{script_id}"}),
    ("GET", "/runs/compare"): Line(P.run_read, THING, query={"a": "{run_id}", "b": "{run_id}"}),
    ("GET", "/runs/{run_id}"): Line(P.run_read, THING),
    ("POST", "/runs/{run_id}/cancel"): Line(P.run_cancel, THING),
    ("POST", "/runs/{run_id}/rerun"): Line(P.run_submit, THING),
    ("GET", "/runs/{run_id}/attempts"): Line(P.run_read, THING),
    ("GET", "/runs/{run_id}/events"): Line(P.run_read, THING),
    ("GET", "/runs/{run_id}/usage"): Line(P.run_read, THING),
    ("PUT", "/runs/{run_id}/keep"): Line(P.run_manage, THING, {}),
    ("DELETE", "/runs/{run_id}/keep"): Line(P.run_manage, THING),
    ("POST", "/runs/batch/preview"): Line(P.run_cancel, LIST, {"action": "cancel", "filter": {}}),
    ("POST", "/runs/batch"): Line(P.run_cancel, LIST, {"action": "cancel", "ids": ["{run_id}"]}),
    ("GET", "/runs/{run_id}/logs"): Line(P.run_read, THING),
    ("GET", "/runs/{run_id}/logs/search"): Line(P.run_read, THING, query={"q": "a"}),
    ("GET", "/runs/{run_id}/logs/stream"): Line(P.run_read, THING),
    ("GET", "/runs/{run_id}/files"): Line(P.run_read, THING),
    ("GET", "/runs/{run_id}/files/{path:file}"): Line(P.run_read, THING),
    ("GET", "/runs/{run_id}/archive"): Line(P.run_read, THING),
    ("GET", "/failures"): Line(P.run_read, LIST),
    ("GET", "/failures/{failure_id}"): Line(P.run_read, THING),
    ("GET", "/run-limits"): Line(P.system_read, LIST),
    ("PUT", "/run-limits"): Line(P.system_manage, YARD, {}),
    # Jobs
    ("GET", "/jobs"): Line(P.job_read, LIST),
    ("POST", "/jobs"): Line(P.job_write, THING, _JOB, also=P.run_submit),
    ("GET", "/jobs/{job_id}"): Line(P.job_read, THING),
    ("PATCH", "/jobs/{job_id}"): Line(P.job_write, THING, {"description": "x"}),
    ("DELETE", "/jobs/{job_id}"): Line(P.job_write, THING, fresh="job"),
    ("POST", "/jobs/{job_id}/copy"): Line(P.job_write, THING, {}, also=P.run_submit),
    ("GET", "/jobs/{job_id}/changes"): Line(P.job_read, THING),
    ("GET", "/jobs/{job_id}/slots"): Line(P.job_read, THING),
    ("POST", "/jobs/{job_id}/runs"): Line(P.run_submit, THING, {}, also=P.job_read),
    ("POST", "/jobs/{job_id}/slots/run"): Line(
        P.run_submit,
        THING,
        {"trigger_id": "{trigger_id}", "due_at": "2026-01-01T00:00:00Z"},
        also=P.job_read,
        granted=(202, 422),
    ),
    ("POST", "/jobs/{job_id}/backfill"): Line(
        P.run_submit,
        THING,
        {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"},
        also=P.job_read,
    ),
    ("GET", "/jobs/pauses"): Line(P.job_read, LIST),
    ("POST", "/jobs/pause"): Line(P.job_write, THING, {"ids": ["{job_id}"]}),
    ("POST", "/jobs/resume"): Line(P.job_write, THING, {"ids": ["{job_id}"]}),
    ("POST", "/jobs/{job_id}/pause"): Line(P.job_write, THING, {}),
    ("POST", "/jobs/{job_id}/resume"): Line(P.job_write, THING),
    ("GET", "/jobs/calendar"): Line(P.job_read, LIST, query=_DAY),
    ("GET", "/jobs/forecast"): Line(P.job_read, LIST),
    ("POST", "/jobs/import"): Line(P.job_write, THING, {"kind": "crontab", "text": "", **_HERE}),
    ("GET", "/jobs/export"): Line(P.job_read, THING, query={"job_id": "{job_id}", "project": "{project}"}),
    ("GET", "/jobs/{job_id}/shadow"): Line(P.job_read, THING, query=_DAY, granted=(200, 404)),
    ("POST", "/jobs/{job_id}/shadow"): Line(P.job_write, THING, {"log": "", **_DAY}),
    ("POST", "/jobs/{job_id}/shadow/begin"): Line(P.job_write, THING),
    ("POST", "/jobs/{job_id}/cut-over"): Line(P.job_write, THING, also=P.run_submit),
    ("GET", "/blackouts"): Line(P.job_read, LIST),
    ("POST", "/blackouts"): Line(P.job_write, THING, {"name": "{new}", **_HERE}),
    ("GET", "/blackouts/{blackout_id}"): Line(P.job_read, THING),
    ("PATCH", "/blackouts/{blackout_id}"): Line(P.job_write, THING, {"timezone": "UTC"}),
    ("DELETE", "/blackouts/{blackout_id}"): Line(P.job_write, THING, fresh="blackout"),
    ("POST", "/triggers/preview"): Line(P.job_read, LIST, {"trigger": {"type": "cron", "cron": "@daily"}}),
    ("POST", "/triggers/secret/{trigger_id}/rotate"): Line(P.job_write, THING),
    ("GET", "/triggers/{trigger_id}/deliveries"): Line(P.job_read, THING),
    ("POST", "/triggers/{trigger_id}/test"): Line(P.job_write, THING, {}),
    # Environments and packages
    ("GET", "/environments"): Line(P.environment_read, LIST),
    ("GET", "/environments/{environment_id}"): Line(P.environment_read, THING),
    ("DELETE", "/environments/{environment_id}"): Line(P.environment_manage, THING, fresh="environment"),
    ("GET", "/environments/{environment_id}/log"): Line(P.environment_read, THING),
    ("GET", "/environments/{environment_id}/log/stream"): Line(P.environment_read, THING),
    ("POST", "/environments/{environment_id}/cancel"): Line(P.environment_manage, THING),
    ("POST", "/environments/{environment_id}/rebuild"): Line(P.environment_manage, THING, fresh="environment"),
    ("GET", "/environments/{environment_id}/export"): Line(P.environment_read, THING),
    ("GET", "/environments/{environment_id}/trial"): Line(P.environment_read, THING),
    ("POST", "/environments/{environment_id}/trial"): Line(P.environment_manage, THING),
    ("POST", "/environments/{environment_id}/trial/keep"): Line(P.environment_manage, THING, fresh="trial"),
    ("DELETE", "/environments/{environment_id}/trial"): Line(P.environment_manage, THING, fresh="trial"),
    ("POST", "/environments/cleanup"): Line(P.system_manage, YARD, {"unused_days": 300}),
    ("POST", "/environments/import"): Line(P.system_manage, YARD, files=True),
    ("GET", "/packages"): Line(P.environment_read, LIST),
    ("GET", "/packages/users"): Line(P.environment_read, LIST, query={"name": "tiny"}),
    ("GET", "/advisories"): Line(P.environment_read, LIST),
    ("POST", "/advisories/import"): Line(P.system_manage, YARD, files=True),
    ("POST", "/advisories/refresh"): Line(P.system_manage, YARD),
    ("GET", "/interpreters"): Line(P.environment_read, LIST),
    ("POST", "/interpreters"): Line(P.system_manage, YARD, {"kind": "python", "path": "/nowhere"}),
    ("POST", "/interpreters/scan"): Line(P.system_manage, YARD),
    ("POST", "/interpreters/{interpreter_id}/probe"): Line(P.system_manage, YARD, granted=(404,)),
    ("PATCH", "/interpreters/{interpreter_id}"): Line(P.system_manage, YARD, {"is_default": False}, granted=(404,)),
    ("DELETE", "/interpreters/{interpreter_id}"): Line(P.system_manage, YARD, granted=(404,)),
    ("GET", "/package-sources"): Line(P.environment_read, THING, query=_HERE),
    ("PUT", "/package-sources"): Line(P.environment_manage, THING, {}, query=_HERE),
    ("DELETE", "/package-sources"): Line(P.environment_manage, THING, query=_HERE),
    ("GET", "/package-sources/mirrors"): Line(P.environment_read, LIST),
    # The audit
    ("GET", "/audit"): Line(P.audit_read, LIST),
    ("GET", "/audit/actions"): Line(P.audit_read, LIST),
    ("GET", "/audit/alerts"): Line(P.audit_read, LIST),
    ("GET", "/audit/export"): Line(P.audit_read, LIST),
    ("GET", "/audit/verify"): Line(P.system_manage, YARD),
    # The rest
    ("GET", "/home"): Line(P.run_read, LIST),
    ("GET", "/system"): Line(P.system_read, LIST),
    ("GET", "/workers"): Line(P.system_read, LIST),
    ("GET", "/editor/help"): Line(P.script_read, LIST, query={"language": "python"}),
    ("POST", "/editor/lint"): Line(P.script_write, LIST, {"language": "shell", "code": "true"}, granted=(200, 503)),
    ("POST", "/editor/format"): Line(P.script_write, LIST, {"language": "shell", "code": "true"}, granted=(200, 503)),
    # Secrets and variables
    ("GET", "/secrets"): Line(P.secret_use, LIST),
    ("POST", "/secrets"): Line(P.secret_manage, THING, {"name": "A_TOKEN", "value": "x", **_HERE}),
    ("GET", "/secrets/{secret_id}"): Line(P.secret_use, THING),
    ("PATCH", "/secrets/{secret_id}"): Line(P.secret_manage, THING, {"description": "x"}),
    ("DELETE", "/secrets/{secret_id}"): Line(P.secret_manage, THING, fresh="secret"),
    ("GET", "/secrets/{secret_id}/scripts"): Line(P.secret_use, THING),
    ("GET", "/secrets/{secret_id}/uses"): Line(P.secret_use, THING),
    ("POST", "/secrets/{secret_id}/scrub"): Line(P.secret_manage, THING),
    ("GET", "/secrets/{secret_id}/scrubs"): Line(P.secret_use, THING),
    ("GET", "/variables"): Line(P.secret_use, LIST),
    ("POST", "/variables"): Line(P.secret_manage, THING, {"name": "A_PLACE", "value": "x", **_HERE}),
    ("GET", "/variables/{variable_id}"): Line(P.secret_use, THING),
    ("PATCH", "/variables/{variable_id}"): Line(P.secret_manage, THING, {"description": "x"}),
    ("DELETE", "/variables/{variable_id}"): Line(P.secret_manage, THING, fresh="variable"),
    ("GET", "/variables/{variable_id}/scripts"): Line(P.secret_use, THING),
    ("GET", "/connections"): Line(P.secret_use, LIST),
    ("GET", "/connections/kinds"): Line(P.secret_use, LIST),
    ("POST", "/connections"): Line(P.secret_manage, THING, {"name": "A_BASE", "settings": _AWAY, **_HERE}),
    ("POST", "/connections/test"): Line(
        P.secret_manage, THING, {"settings": {"kind": "kubernetes", "url": "https://k.example"}, **_HERE}
    ),
    ("GET", "/connections/{connection_id}"): Line(P.secret_use, THING),
    ("PATCH", "/connections/{connection_id}"): Line(P.secret_manage, THING, {"description": "x"}),
    ("DELETE", "/connections/{connection_id}"): Line(P.secret_manage, THING, fresh="connection"),
    ("POST", "/connections/{connection_id}/test"): Line(P.secret_use, THING),
    ("GET", "/connections/{connection_id}/scripts"): Line(P.secret_use, THING),
    ("GET", "/connections/{connection_id}/uses"): Line(P.secret_use, THING),
    ("POST", "/connections/{connection_id}/scrub"): Line(P.secret_manage, THING),
    ("GET", "/connections/{connection_id}/scrubs"): Line(P.secret_use, THING),
    ("GET", "/scripts/{script_id}/variables"): Line(P.secret_use, THING),
    ("GET", "/projects/{project}/stages"): Line(P.project_read, THING),
    ("PUT", "/projects/{project}/stages"): Line(P.secret_manage, THING, {"stages": ["dev"]}),
    ("GET", "/keys"): Line(P.system_manage, YARD),
    ("GET", "/security"): Line(P.system_manage, YARD),
    ("POST", "/keys/rotate"): Line(P.system_manage, YARD, {"what": "data"}),
    ("GET", "/snippets"): Line(P.script_read, LIST),
    ("POST", "/snippets"): Line(P.self_manage, OWN, {"prefix": "x", "title": "x", "body": "x"}),
    ("PATCH", "/snippets/{snippet_id}"): Line(P.self_manage, THING, {"title": "y"}, also=P.script_write),
    ("DELETE", "/snippets/{snippet_id}"): Line(P.self_manage, THING, fresh="snippet", also=P.script_write),
}
"""(method, path below /api/v1) → its line."""

SOCKETS = {
    "/live": "tests/access/test_lost_rights.py shows what it carries to whom",
    "/editor/language": "tests/editor/test_socket.py shows whom it lets in",
}
"""Sockets: their tokens are messages, so that they have tests of their own."""
