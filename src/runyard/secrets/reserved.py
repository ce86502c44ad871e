"""Parameter keys that would take over the environment that a script is run in. Pure."""

import re

KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
LONGEST_KEY = 64

PREFIXES = (
    "LD_",
    "DYLD_",
    "PYTHON",
    "RUNYARD_",
    "LC_",
    "BASH_",
    "GLIBC_",
    "MALLOC_",
    "npm_config_",
    "NPM_CONFIG_",
    "UV_",
)
"""Families that loaders, interpreters, package tools and Runyard itself obey."""

NAMES = frozenset(
    {
        # Where programs and files are found, and who runs them.
        "PATH", "HOME", "PWD", "OLDPWD", "TMPDIR", "TMP", "TEMP", "USER", "LOGNAME", "HOSTNAME", "XDG_RUNTIME_DIR",
        # Locale and zone: set by Runyard.
        "TZ", "TZDIR", "LANG", "LANGUAGE", "LOCPATH", "NLSPATH", "CHARSET",
        # Shells.
        "SHELL", "ENV", "IFS", "CDPATH", "SHELLOPTS", "BASHOPTS", "GLOBIGNORE", "PROMPT_COMMAND", "POSIXLY_CORRECT",
        "PS0", "PS1", "PS2", "PS3", "PS4", "UID", "EUID", "PPID", "_",
        # Interpreters that are told by the environment to load or to run something.
        "NODE_OPTIONS", "NODE_PATH", "NODE_EXTRA_CA_CERTS", "NODE_V8_COVERAGE", "NODE_REPL_EXTERNAL_MODULE",
        "VIRTUAL_ENV", "PERL5LIB", "PERL5OPT", "PERLLIB", "RUBYLIB", "RUBYOPT", "GCONV_PATH", "GETCONF_DIR",
        "HOSTALIASES", "RES_OPTIONS", "LOCALDOMAIN", "RESOLV_HOST_CONF", "GIT_SSH_COMMAND", "GIT_EXEC_PATH",
        # Whom TLS trusts, and where its keys are written.
        "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE",
    }
)  # fmt: skip
"""Names that change how any program behaves."""

SHELL_NAMES = frozenset(
    {
        "BASH", "COLUMNS", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS", "FUNCNAME", "GROUPS", "HISTCMD", "HOSTTYPE",
        "LINENO", "LINES", "MACHTYPE", "OPTARG", "OPTERR", "OPTIND", "OSTYPE", "PIPESTATUS", "RANDOM", "REPLY",
        "SECONDS", "SHLVL", "SRANDOM",
    }
)  # fmt: skip
"""Names that bash keeps for itself: a shell script would read something else than what was given."""


def refusal(key: str, language: str) -> tuple[str, str] | None:
    """Return why `key` can't name a parameter of a script in `language`, as (code, sentence); None if it can."""
    if not key:
        return "required", "A key is needed."
    if len(key) > LONGEST_KEY:
        return "too_long", f"A key has at most {LONGEST_KEY} characters."
    if KEY.fullmatch(key) is None:
        return "key", "A key is made of letters A to Z, digits and underscores, and doesn't begin with a digit."
    if key in NAMES or key.startswith(PREFIXES):
        return "reserved", f"{key} is reserved: it would change how the script is run."
    if language == "shell" and key in SHELL_NAMES:
        return "reserved", f"{key} is reserved: the shell sets it by itself."
    return None
