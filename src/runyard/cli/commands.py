"""The commands there are, and the overview of them. Imports nothing, so that help is there at once."""

SECTIONS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "Yard",
        (
            ("up", "serve:up", "Start everything on this machine: page, API, scheduler and worker"),
            ("stop", "stop:stop", "Stop what `up` started; runs go on unless you say otherwise"),
            ("doctor", "doctor:doctor", "Tell what this machine offers, and how to get what is missing"),
        ),
    ),
    (
        "Account",
        (
            ("login", "account:login", "Sign in to a server and stay signed in"),
            ("logout", "account:logout", "End the session"),
            ("second-factor", "account:second_factor", "Add an authenticator app to your password"),
            ("tokens", "tokens:app", "Make and revoke tokens, by which programs get in as you"),
            ("whoami", "account:whoami", "Tell who you are, and where"),
        ),
    ),
    (
        "Runs",
        (
            ("run", "run:run", "Run a file of yours or a saved script"),
            ("runs", "runs:runs", "List runs, newest first"),
            ("show", "one_run:show", "Show a run: why it stands so, what it used, what it returned"),
            ("logs", "logs:logs", "Show what a run printed"),
            ("cancel", "runs:cancel", "Cancel runs: their whole process trees end"),
            ("rerun", "run:rerun", "Run again as it was: same code, same packages, same inputs"),
            ("compare", "history:compare", "Set two runs side by side"),
            ("failures", "history:failures", "List failures that are the same, with how often they were seen"),
            ("batch", "history:batch", "Cancel, run again or delete all runs that a filter finds"),
            ("keep", "history:keep", "Keep a run, whatever the rules of retention say"),
            ("files", "files:files", "List or fetch the files of a run"),
            ("rules", "rules:app", "Lay down limits of runs, and how long they are kept"),
        ),
    ),
    (
        "Scripts",
        (
            ("scripts", "scripts:app", "List, show, push, pull and delete scripts"),
            ("sets", "sets:app", "Keep values for a script under a name, and run with them"),
            ("approvals", "approvals:app", "Decide on what waits for a second person"),
            ("env", "environment_changes:app", "Look at environments and their packages, and look after them"),
            ("interpreters", "machine:interpreters", "Choose what environments are built on"),
            ("sources", "machine:sources", "Choose where packages come from: mirrors, proxies"),
            ("advisories", "advisories:app", "Know which packages are vulnerable"),
        ),
    ),
    (
        "Jobs",
        (("jobs", "job_moves:app", "Have scripts run by themselves, and see why they did or did not"),),
    ),
    (
        "Secrets",
        (
            ("secrets", "secrets:app", "Keep secrets that scripts find as environment variables"),
            ("variables", "variables:app", "Keep variables: the same, but not hidden"),
            ("connections", "connections:app", "Keep connections, and try whether they work"),
        ),
    ),
    (
        "People",
        (
            ("projects", "projects:app", "Make projects, and say who belongs to them and may do what"),
            ("teams", "teams:app", "Make teams: people who belong to projects together"),
            ("roles", "roles:app", "Make roles of permissions"),
            ("invitations", "invitations:app", "Invite people by a link"),
        ),
    ),
    (
        "Upkeep",
        (
            ("keys", "keys:app", "Look at the keys that secrets are sealed with, and change them"),
            ("migrate", "migrate:migrate", "Bring the database to this version's schema"),
            ("audit", "audit:app", "Look up what was done, and prove that nobody has tampered with it"),
            ("admin", "admin:app", "Put things right without a running server"),
            ("users", "users:app", "Look after users on the data directory, server or not"),
            ("api", "serve:api", "Serve the page and the API only"),
            ("scheduler", "serve:scheduler", "Run the scheduler only"),
            ("worker", "serve:worker", "Execute runs only"),
        ),
    ),
)

TARGETS = {name: (target, summary) for _title, rows in SECTIONS for name, target, summary in rows}
"""Command name → (``module:object`` below this package, one line of help)."""


def overview() -> str:
    """Return the text of ``runyard --help``."""
    width = max(map(len, TARGETS))
    lines = [
        "Usage: runyard [--debug] COMMAND [ARGS]...",
        "",
        "Write, run and schedule scripts on machines of your own.",
        "",
    ]
    for title, rows in SECTIONS:
        lines.append(f"{title}:")
        lines += [f"  {name:<{width}}  {summary}" for name, _target, summary in rows]
        lines.append("")
    lines += [
        "Options:",
        "  --version             Show the version",
        "  --debug               Show where in the program an error came from",
        "  --install-completion  Complete commands in your shell",
        "  -h, --help            Show this; `runyard COMMAND --help` tells more",
        "",
        "Begin with `runyard up`, then open the page it names.",
    ]
    return "\n".join(lines)
