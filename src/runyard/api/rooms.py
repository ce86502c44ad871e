"""The routes of every room but those of signing in, which come first."""

from fastapi import APIRouter

from runyard.access.account_routes import router as account_routes
from runyard.access.factor_routes import router as factor_routes
from runyard.access.session_routes import router as session_routes
from runyard.access.team_routes import router as team_routes
from runyard.access.token_routes import router as token_routes
from runyard.access.user_routes import router as user_routes
from runyard.api import live
from runyard.approvals.routes import router as approval_routes
from runyard.audit.routes import router as audit_routes
from runyard.connections.routes import router as connection_routes
from runyard.editor.routes import router as editor_routes
from runyard.editor.socket import router as language_routes
from runyard.environments.machine_routes import router as machine_routes
from runyard.environments.package_routes import router as package_routes
from runyard.environments.routes import router as environment_routes
from runyard.environments.transfer_routes import router as transfer_routes
from runyard.environments.trial_routes import router as trial_routes
from runyard.insights.routes import router as insight_routes
from runyard.insights.security_routes import router as security_routes
from runyard.jobs.blackout_routes import router as blackout_routes
from runyard.jobs.calendar_routes import router as calendar_routes
from runyard.jobs.delivery_routes import router as delivery_routes
from runyard.jobs.hook_routes import router as hook_routes
from runyard.jobs.import_routes import router as import_routes
from runyard.jobs.pause_routes import router as pause_routes
from runyard.jobs.preview_routes import router as preview_routes
from runyard.jobs.routes import router as job_routes
from runyard.jobs.run_routes import router as job_run_routes
from runyard.jobs.shadow_routes import router as shadow_routes
from runyard.jobs.slot_routes import router as job_slot_routes
from runyard.projects.member_routes import router as member_routes
from runyard.projects.routes import router as project_routes
from runyard.runs.history_routes import router as history_routes
from runyard.runs.log_routes import router as log_routes
from runyard.runs.policy_routes import router as run_policy_routes
from runyard.runs.routes import router as run_routes
from runyard.runs.scrub_routes import router as scrub_routes
from runyard.scripts.analysis_routes import router as analysis_routes
from runyard.scripts.entry_routes import router as entry_routes
from runyard.scripts.publish_routes import router as publish_routes
from runyard.scripts.routes import router as script_routes
from runyard.scripts.set_routes import router as set_routes
from runyard.scripts.shelf_routes import router as shelf_routes
from runyard.scripts.source_routes import router as source_routes
from runyard.scripts.transfer_routes import router as script_transfer_routes
from runyard.secrets.key_routes import router as key_routes
from runyard.secrets.routes import router as secret_routes
from runyard.sso.routes import router as sso_routes

ROUTERS: tuple[APIRouter, ...] = (
    # What is asked for most is found first.
    history_routes,
    run_routes,
    run_policy_routes,
    log_routes,
    session_routes,
    factor_routes,
    account_routes,
    sso_routes,
    user_routes,
    team_routes,
    token_routes,
    project_routes,
    member_routes,
    audit_routes,
    approval_routes,
    # Before the scripts' own, whose paths begin with an id.
    shelf_routes,
    analysis_routes,
    script_transfer_routes,
    set_routes,
    source_routes,
    entry_routes,
    publish_routes,
    script_routes,
    # Before the jobs' own, whose paths begin with an id.
    pause_routes,
    calendar_routes,
    import_routes,
    shadow_routes,
    job_routes,
    preview_routes,
    blackout_routes,
    job_run_routes,
    job_slot_routes,
    hook_routes,
    delivery_routes,
    secret_routes,
    connection_routes,
    key_routes,
    scrub_routes,
    environment_routes,
    package_routes,
    machine_routes,
    trial_routes,
    transfer_routes,
    insight_routes,
    security_routes,
    editor_routes,
    language_routes,
    live.router,
)
