import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from runyard.settings import Settings, default_data
from runyard.stray_settings import strangers


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that says nothing of Runyard."""
    import os

    for name in list(os.environ):
        if name.startswith("RUNYARD_"):
            monkeypatch.delenv(name)


def file(data: Path, text: str) -> None:
    data.mkdir(exist_ok=True)
    (data / "runyard.toml").write_text(text)


def test_arguments_count_before_the_environment_and_that_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file(tmp_path, 'host = "file"\nport = 1\nslots = 3\n[runs]\ngrace_s = 7\noutput_cap = "1 MiB"\n')
    monkeypatch.setenv("RUNYARD_HOST", "environment")
    monkeypatch.setenv("RUNYARD_PORT", "2")
    settings = Settings(data=tmp_path, port=3)
    assert (settings.host, settings.port, settings.slots) == ("environment", 3, 3)
    assert (settings.runs.grace_s, settings.runs.output_cap) == (7, 1024 * 1024)


def test_the_contract_s_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "RUNYARD_DATA": str(tmp_path / "d"),
        "RUNYARD_DATABASE_URL": "postgresql://u:p@h/db",
        "RUNYARD_DISPATCH": "local",
        "RUNYARD_BROKER_URL": "redis://x",
        "RUNYARD_ADMIN_PASSWORD": "secret-word",
        "RUNYARD_SLOTS": "7",
        "RUNYARD_WORKER__LEASE_S": "5",
        "RUNYARD_RUNS__TIMEOUT_S": "60",
        "RUNYARD_TRUSTED_PROXIES": "10.0.0.1, 10.0.0.2",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.data == tmp_path / "d"
    assert settings.sqlalchemy_url == "postgresql+asyncpg://u:p@h/db"
    assert settings.admin_password is not None
    assert settings.admin_password.get_secret_value() == "secret-word"
    assert "secret-word" not in repr(settings)
    assert (settings.slots, settings.worker.lease_s, settings.runs.timeout_s) == (7, 5, 60)
    assert settings.trusted_proxies == ("10.0.0.1", "10.0.0.2")


@pytest.mark.parametrize("value", ["/srv/a, /srv/b c", ' ["/srv/a", "/srv/b c"]'])
def test_a_list_of_folders_with_commas_or_as_json(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNYARD_JOBS__WATCHED", value)
    assert Settings(data=tmp_path).jobs.watched == ("/srv/a", "/srv/b c")


@pytest.mark.parametrize("value", ['["/srv/a"', "[/srv/a]", "[1]", "srv", '["srv"]'])
def test_what_is_no_list_of_folders(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNYARD_JOBS__WATCHED", value)
    with pytest.raises(ValidationError, match="watched"):
        Settings(data=tmp_path)


@pytest.mark.parametrize("value", ["", "  ", ","])
def test_no_trusted_proxies(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNYARD_TRUSTED_PROXIES", value)
    assert Settings(data=tmp_path).trusted_proxies == ()


def test_trusted_proxies_in_the_file(tmp_path: Path) -> None:
    file(tmp_path, 'trusted_proxies = ["10.0.0.0/8", "::1"]\n')
    assert Settings(data=tmp_path).trusted_proxies == ("10.0.0.0/8", "::1")


def test_the_file_of_a_directory_within_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file(tmp_path / "yard", "slots = 9\n")
    monkeypatch.setenv("RUNYARD_DATA", "~/yard")
    settings = Settings()
    assert (settings.data, settings.slots) == (tmp_path / "yard", 9)


def test_where_data_lives_when_nobody_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/x")
    assert default_data() == Path("/x/runyard")
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/h")
    assert default_data() == Path("/h/.local/share/runyard")
    monkeypatch.delenv("HOME")
    monkeypatch.chdir(tmp_path)
    assert default_data() == tmp_path / ".runyard"
    assert Settings(data=Path("x")).data == tmp_path / "x"


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="for root only")
def test_root_s_data_lie_where_users_of_runs_get_at_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    tmp_path.chmod(0o755)
    at_home = tmp_path / ".local/share/runyard"
    assert default_data() == at_home
    tmp_path.chmod(0o700)
    assert default_data() == Path("/var/lib/runyard")
    at_home.mkdir(parents=True)
    (at_home / "master.key").touch()
    assert default_data() == at_home


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("", "sqlite+aiosqlite:///{data}/runyard.db"),
        ("sqlite:////x/y.db", "sqlite+aiosqlite:////x/y.db"),
        ("postgres://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
    ],
)
def test_database_urls(tmp_path: Path, url: str, made: str) -> None:
    expected = made.format(data=tmp_path)
    assert Settings(data=tmp_path, database_url=url).sqlalchemy_url == expected
    file(tmp_path, f'[database]\nurl = "{url}"\n')
    assert Settings(data=tmp_path).sqlalchemy_url == expected


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8700"),
        ({"host": "0.0.0.0", "port": 1}, "http://127.0.0.1:1"),
        ({"host": "::", "port": 1}, "http://127.0.0.1:1"),
        ({"host": "::1", "port": 1}, "http://[::1]:1"),
        ({"host": "box", "port": 80}, "http://box:80"),
        ({"public_url": "https://yard.example/"}, "https://yard.example"),
    ],
)
def test_where_people_reach_the_page(tmp_path: Path, given: dict[str, Any], url: str) -> None:
    assert Settings(data=tmp_path, **given).base_url == url


@pytest.mark.parametrize(
    "given",
    [
        {"port": 70_000},
        {"slots": 0},
        {"dispatch": "pigeon"},
        {"runs": {"grace_s": -1}},
        {"runs": {"memory_mb": 1}},
        {"worker": {"lease_s": 0}},
        {"limits": {"body": "many"}},
        {"sandbox": {"level": "castle"}},
    ],
)
def test_what_is_out_of_bounds_is_refused(tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(data=tmp_path, **given)


@pytest.mark.parametrize("text", ["prot = 9000", "[run]\ngrace_s = 7", "[runs]\ngrace = 7", "[sso.oidc]\nurl = 'x'"])
def test_a_setting_that_is_not_known_is_named(tmp_path: Path, text: str) -> None:
    file(tmp_path, text)
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Settings(data=tmp_path)


def test_a_variable_within_a_group_that_is_not_known_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNYARD_RUNS__GRACE", "7")
    with pytest.raises(ValidationError, match=r"runs\.grace"):
        Settings(data=tmp_path)


def test_settings_do_not_change(tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        Settings(data=tmp_path).port = 5  # type: ignore[misc]


def test_variables_that_were_meant_for_us_are_told() -> None:
    """Names that say nothing, with the one that is near; ours, those of the command line and of runs are none."""
    ours = ("RUNYARD_PORT", "runyard_slots", "RUNYARD_RUNS__GRACE_S", "RUNYARD_URL", "RUNYARD_RUN_ID", "PATH", "PORT")
    assert strangers(ours) == {}
    wrong = ("RUNYARD_PROT", "RUNYARD_ADMIN_PASWORD", "RUNYARD_SERVICE_HOST", "RUNYARD_RUN__GRACE_S")
    assert strangers(wrong) == {
        "RUNYARD_ADMIN_PASWORD": "RUNYARD_ADMIN_PASSWORD",
        "RUNYARD_PROT": "RUNYARD_PORT",
        "RUNYARD_RUN__GRACE_S": "",
        "RUNYARD_SERVICE_HOST": "",
    }
