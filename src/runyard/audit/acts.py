"""Every operation of the API that changes something: what the audit calls it, or why it is not written down there.

A test walks all routes and demands a line for each.
"""

ACTS: dict[str, str] = {
    # Scripts
    "create_script": "script.create",
    "change_script": "script.update",
    "delete_script": "script.delete",
    "restore_script": "script.restore",
    "copy_script": "script.copy",
    "rollback_script": "script.rollback",
    "import_scripts": "script.import",
    "import_source": "script.import",
    "attach_script_source": "script.attach_source",
    "sync_script_source": "script.sync_source",
    "drop_script_source": "script.drop_source",
    "create_parameter_set": "parameter_set.create",
    "change_parameter_set": "parameter_set.update",
    "delete_parameter_set": "parameter_set.delete",
    "create_category": "category.create",
    "change_category": "category.update",
    "delete_category": "category.delete",
    "rename_folder": "folder.rename",
    "place_scripts": "script.place",
    "create_snippet": "snippet.create",
    "change_snippet": "snippet.update",
    "delete_snippet": "snippet.delete",
    # Runs
    "cancel": "run.cancel",
    "keep_run": "run.keep",
    "let_run_go": "run.let_go",
    "do_batch": "run.batch_delete",
    "set_run_policy": "policy.update",
    "set_run_limits": "policy.update",
    # Environments
    "clean_up_environments": "environment.cleanup",
    "cancel_environment": "environment.cancel",
    "rebuild_environment": "environment.rebuild",
    "delete_environment": "environment.delete",
    "import_environment": "environment.import",
    "begin_trial": "environment.begin_trial",
    "keep_trial": "environment.keep_trial",
    "drop_trial": "environment.drop_trial",
    "register_interpreter": "interpreter.register",
    "change_interpreter": "interpreter.update",
    "forget_interpreter": "interpreter.forget",
    "put_package_sources": "package_sources.update",
    "delete_package_sources": "package_sources.delete",
    "import_advisories": "advisories.import",
    "refresh_advisories": "advisories.refresh",
    # People and projects
    "create_secret": "secret.create",
    "change_secret": "secret.update",
    "delete_secret": "secret.delete",
    "scrub_secret": "secret.scrub",
    "create_variable": "variable.create",
    "change_variable": "variable.update",
    "delete_variable": "variable.delete",
    "set_stages": "stages.update",
    "rotate_keys": "keys.rotate",
    "create_user": "user.create",
    "change_user": "user.update",
    "reset_password": "user.reset_password",
    "create_role": "role.create",
    "change_role": "role.update",
    "delete_role": "role.delete",
    "create_team": "team.create",
    "change_team": "team.update",
    "delete_team": "team.delete",
    "add_team_member": "team.add",
    "remove_team_member": "team.remove",
    "create_token": "token.create",
    "revoke_token": "token.revoke",
    "create_project": "project.create",
    "change_project": "project.update",
    "archive_project": "project.archive",
    "add_member": "member.add",
    "change_member": "member.update",
    "remove_member": "member.remove",
    "add_project_team": "member.add",
    "change_project_team": "member.update",
    "remove_project_team": "member.remove",
    "transfer_script": "script.transfer",
    # Second persons
    "approve": "approval.approve",
    "reject": "approval.reject",
    "withdraw_approval": "approval.withdraw",
    "comment_on_approval": "approval.comment",
    "resolve_approval_comment": "approval.comment",
    "set_approval_rules": "approval_rules.update",
    "ask_for_review": "script.ask_review",
    "publish_script": "script.publish",
    "mark_script": "script.mark",
    # Secrets and variables
    # Oneself
    "login": "login",
    "logout": "logout",
    "logout_oidc": "logout",
    "logged_out_at_provider": "logout",
    "refresh": "session.replay",
    "update_me": "user.update",
    "change_password": "user.change_password",
    "begin_second_factor": "user.begin_second_factor",
    "confirm_second_factor": "user.confirm_second_factor",
    "renew_recovery_codes": "user.renew_recovery_codes",
    "drop_second_factor": "user.drop_second_factor",
    "reset_second_factor": "user.reset_second_factor",
    "end_my_session": "session.revoke",
    "end_user_session": "session.revoke",
}
"""Operation → action. What its service does not write down in better words is written down by these."""

_SUBMIT = "a run's own row says who submitted it, when, from what and with what; it is kept as the run is"
_ASKS = "it answers a question and keeps nothing"
UNWRITTEN: dict[str, str] = {
    "submit": _SUBMIT,
    "submit_any": _SUBMIT,
    "rerun": _SUBMIT,
    "preview_batch": _ASKS,
    "preview_import": _ASKS,
    "analyse_script": _ASKS,
    "lint_code": _ASKS,
    "format_code": _ASKS,
    "star_script": "a star is one's own bookmark and changes nothing for anybody else",
    "unstar_script": "a star is one's own bookmark and changes nothing for anybody else",
    "scan_interpreters": "it looks at what the machine has; choosing among it is written down",
    "probe_interpreter": "it looks at what the machine has; choosing among it is written down",
    "call_script_source": "a push elsewhere; what it brings is written down as the source's own change",
}
"""Operation → why it leaves no event. A refresh that is no replay is such a thing too, but its replay is an event."""

_OTHERS = (
    "secret.use",
    "approval.ask",
    "approval.carry_out",
    "approval.expire",
    "login.failed",
    "run.batch_cancel",
    "run.batch_retry",
    "session.replay",
    "session.revoke",
    "identity.link",
    "audit.export",
    "audit.verify",
    "audit.prune",
)
ACTIONS: frozenset[str] = frozenset({*ACTS.values(), *_OTHERS})
"""What events may be called, beyond those of routes that no line above has."""
KINDS: frozenset[str] = frozenset(
    {action.partition(".")[0] for action in ACTIONS if "." in action} - {"login"} | {"user", "session"}
)
"""What events may be about."""
