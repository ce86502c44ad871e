import pytest

from runyard.secrets.reserved import LONGEST_KEY, refusal


@pytest.mark.parametrize(
    "key", ["SIZE", "_x", "a", "path", "Path", "X1", "NODE_ENV", "SSL_HOST", "HTTP_PROXY", "PYTHO"]
)
def test_ordinary_keys_are_accepted(key: str) -> None:
    assert refusal(key, "python") is None
    assert refusal(key, "shell") is None


@pytest.mark.parametrize(
    "key",
    [
        "PATH", "LD_PRELOAD", "LD_", "PYTHONPATH", "PYTHON", "NODE_OPTIONS", "RUNYARD_RUN_ID", "RUNYARD_", "HOME", "TZ",
        "BASH_ENV", "ENV", "IFS", "SHELL", "LANG", "LC_ALL", "TMPDIR", "USER", "LOGNAME", "SSL_CERT_FILE", "PS4", "_",
        "DYLD_INSERT_LIBRARIES", "npm_config_registry", "UV_INDEX_URL", "GLIBC_TUNABLES", "SHELLOPTS", "UID",
    ],
)  # fmt: skip
def test_what_would_take_a_run_over_is_refused(key: str) -> None:
    assert refusal(key, "python") == ("reserved", f"{key} is reserved: it would change how the script is run.")


@pytest.mark.parametrize("key", ["SECONDS", "RANDOM", "LINENO", "GROUPS"])
def test_what_bash_owns_is_refused_for_shell_scripts_only(key: str) -> None:
    assert refusal(key, "python") is None
    found = refusal(key, "shell")
    assert found is not None
    assert found[0] == "reserved"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", "required"), ("1A", "key"), ("A-B", "key"), ("A B", "key"), ("Ä", "key"), ("A\n", "key"), ("大小", "key"),
        ("A=B", "key"), ("A٣", "key"), ("A" * (LONGEST_KEY + 1), "too_long"),
    ],
)  # fmt: skip
def test_malformed_keys_are_refused(key: str, code: str) -> None:
    found = refusal(key, "python")
    assert found is not None
    assert found[0] == code
