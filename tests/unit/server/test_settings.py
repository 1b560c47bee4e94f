"""Settings: what the environment may say, and what becomes of what it should not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from server import __main__ as entry
from server.settings import Settings
from tests.support.processes import ROOT

SECRET = "hunter2hunter2"

NONSENSE = [
    ("SENTRY_DSN", "https://example.com/1"),
    ("SENTRY_DSN", f"https://{SECRET}@example.com"),
    ("PORT", "http"),
    ("PORT", "-1"),
    ("PORT", "65536"),
    ("PUBLIC_URL", "rooms.example.com"),
    ("PUBLIC_URL", "ftp://rooms.example.com"),
    ("PUBLIC_URL", "https://rooms.example.com/#x"),
    ("CORS_ORIGINS", "example.com"),
    ("CORS_ORIGINS", "https://example.com/path"),
    ("CORS_ORIGINS", "https://example.com,*.example.com"),
    ("MONGODB_URI", f"{SECRET}@localhost"),
    ("REDIS_URL", f"{SECRET}@localhost"),
    ("REDIS_URL", f"http://:{SECRET}@localhost"),
    ("REDIS_ALLOW_PERSISTENCE", SECRET),
    ("MONGODB_URI", f"mongodb://user:{SECRET}@"),
    ("MONGODB_URI", f"mongodb://user:{SECRET}@host:port/db"),
    ("TURN_URLS", "turn.example.com"),
    ("TURN_URLS", "turn://turn.example.com"),
    ("TURN_URLS", "stun:stun.example.com"),
    ("TURN_TTL_S", "0"),
    ("TURN_TTL_S", "1.5"),
    ("STUN_URLS", "turn:turn.example.com"),
    ("ROOM_TTL_S", "0"),
    ("ROOM_TTL_S", "a day"),
    ("ROOM_CAPACITY", "0"),
    ("ROOM_CAPACITY", "1e9"),
    ("SEAT_GRACE_S", "-1"),
    ("SEAT_GRACE_S", "inf"),
    ("EMPTY_ROOM_TTL_S", "nan"),
    ("MAX_ROOM_TTL_S", "1e300"),
    ("MAX_ROOM_CAPACITY", "-5"),
    ("TOMBSTONE_TTL_S", "-0.1"),
    ("EVENTS_PER_S", "-1"),
    ("EVENTS_PER_S", "inf"),
    ("PING_INTERVAL_S", "0"),
    ("PING_TIMEOUT_S", "0"),
    ("CONNECT_TIMEOUT_S", "0"),
    ("WS_COMPRESSION", "true"),
    ("MESSAGE_LOG", "yes"),
    ("LOG_LEVEL", "loud"),
    ("LOG_FORMAT", "xml"),
    ("TRUSTED_PROXY_HOPS", "-1"),
    ("TRUSTED_PROXY_HOPS", "many"),
    ("ROOM_CREATION", "all"),
    ("JOIN_TOKENS", "yes"),
    ("WEBHOOK_URLS", "example.com/hooks"),
    ("WEBHOOK_URLS", f"https://user:{SECRET}@example.com/hooks"),
    ("WEBHOOK_SECRET", "!"),
    ("WEBHOOK_NAMES", "yes"),
    ("WEBHOOK_ALLOW_PRIVATE", "yes"),
    ("JOIN_JWKS_URL", "example.com/jwks.json"),
    ("JOIN_JWKS_URL", "file:///etc/passwd"),
    ("JOIN_JWKS_URL", f"https://user:{SECRET}@example.com/jwks.json"),
    ("API_KEYS", f"site: {SECRET}"),
    ("API_KEYS", f"a:{SECRET},b:{SECRET}"),
]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the developer's own, and no `.env`."""
    for name in [*Settings.model_fields, "allowed_origins"]:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("variable", "value"), NONSENSE)
def test_nonsense_is_refused_by_name_and_not_repeated(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setattr("server.__main__.logs.configure", lambda *_: None)
    assert entry.main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"{variable}: ")
    assert len(said.err.splitlines()) == 1
    assert SECRET not in said.err


def test_several_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("ROOM_CAPACITY", "x")
    assert entry.main() == 2
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["PORT", "ROOM_CAPACITY"]


def test_the_process_ends_with_status_2() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "server"],
        cwd=ROOT,
        env={"PORT": "http", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("PORT: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PUBLIC_URL", "https://rooms.example.com/sub/"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://example.com, https://*.vercel.app,http://localhost:*,capacitor://localhost"),
        ("MONGODB_URI", f"mongodb://user:{SECRET}@localhost:27017/mayfly?replicaSet=rs0"),
        ("MONGODB_URI", f"mongodb+srv://user:{SECRET}@cluster.example.com/mayfly"),
        ("TURN_URLS", "turn:turn.example.com:3478?transport=udp,turns:turn.example.com:5349?transport=tcp"),
        ("STUN_URLS", "stun:[2001:db8::1]:3478"),
        ("SEAT_GRACE_S", "0.5"),
        ("EVENTS_PER_S", "0"),
        ("LOG_LEVEL", "DEBUG"),
        ("LOG_FORMAT", " JSON "),
        ("ENVIRONMENT", "Production"),
        ("ROOM_CREATION", "Key"),
        ("API_KEYS", f"site:{SECRET},{SECRET}2"),
        ("WS_COMPRESSION", "On"),
    ],
)
def test_sensible_values_are_taken(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    assert Settings() is not None


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORS_ORIGINS", " https://a.example , ,https://b.example")
    assert Settings().cors_origins == ("https://a.example", "https://b.example")


def test_allowed_origins_is_another_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example,https://b.example")
    assert Settings().cors_origins == ("https://a.example", "https://b.example")
    monkeypatch.setenv("CORS_ORIGINS", "")
    assert Settings().cors_origins == ("https://a.example", "https://b.example")
    monkeypatch.setenv("CORS_ORIGINS", "https://c.example")
    assert Settings().cors_origins == ("https://c.example",)
    monkeypatch.delenv("CORS_ORIGINS")
    monkeypatch.setenv("ALLOWED_ORIGINS", "a.example")
    monkeypatch.setattr("server.__main__.logs.configure", lambda *_: None)
    assert entry.main() == 2
    assert capsys.readouterr().err.startswith("CORS_ORIGINS: ")


def test_who_makes_rooms_depends_on_the_environment_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for environment, creation in (("development", "open"), ("test", "open"), ("production", "sites"), ("x", "sites")):
        monkeypatch.setenv("ENVIRONMENT", environment)
        monkeypatch.delenv("ROOM_CREATION", raising=False)
        assert Settings().who_makes_rooms == creation
        monkeypatch.setenv("ROOM_CREATION", "key")
        assert Settings().who_makes_rooms == "key"


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert Settings() == Settings(_env_file=None)  # type: ignore[call-arg]
    assert Settings().port == 3001


def test_only_development_opens_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().development
    for value, development in (("production", False), ("DEVELOPMENT", True), ("staging", False)):
        monkeypatch.setenv("ENVIRONMENT", value)
        assert Settings().development is development


def test_a_dotenv_file_is_read_and_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=4001\nROOM_CAPACITY=3\nNOT_OURS=1\n")
    monkeypatch.setenv("PORT", "4002")
    settings = Settings()
    assert (settings.port, settings.room_capacity) == (4002, 3)


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADMIN_KEY", "TURN_SECRET"):
        monkeypatch.setenv(name, SECRET)
    monkeypatch.setenv("MONGODB_URI", f"mongodb://user:{SECRET}@localhost/mayfly")
    monkeypatch.setenv("REDIS_URL", f"redis://:{SECRET}@localhost")
    monkeypatch.setenv("API_KEYS", f"site:{SECRET}")
    settings = Settings()
    assert SECRET not in repr(settings) + str(settings) + str(settings.model_dump())


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1


@pytest.mark.parametrize(
    ("environment", "about"),
    [
        ({"TURN_URLS": "turn:turn.example.com"}, "TURN_SECRET"),
        ({"TURN_SECRET": SECRET}, "TURN_URLS"),
        ({"MESSAGE_LOG": "on"}, "MONGODB_URI"),
        ({"MESSAGE_LOG": "on", "MONGODB_URI": "mongodb://localhost/x"}, "STORAGE_SECRET"),
        ({"ENVIRONMENT": "production"}, "CORS_ORIGINS is empty"),
        ({"ROOM_CREATION": "key"}, "API_KEYS"),
        ({"API_KEYS": f"site:{SECRET}"}, "API_KEYS"),
        ({"MONGODB_URI": "mongodb://localhost/x", "FILE_STORE": "mongo"}, "STORAGE_SECRET"),
        ({"ROOM_TTL_S": "700000"}, "MAX_ROOM_TTL_S"),
        ({"ENGINE": "stock"}, "ENGINE"),
        ({"MAX_ROOM_CAPACITY": "4"}, "MAX_ROOM_CAPACITY"),
        ({"MAX_ROOM_CAPACITY": "1001"}, "snapshots"),
    ],
)
def test_what_can_hardly_be_meant_is_pointed_out(
    environment: dict[str, str], about: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Settings().doubts() == []
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (doubt,) = Settings().doubts()
    assert about in doubt
    assert SECRET not in doubt


def test_every_variable_is_in_upper_case_words() -> None:
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", name) for name in Settings.model_fields)


def test_with_several_processes_files_lie_in_mongodb_or_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().files_in == "memory"
    monkeypatch.setenv("REDIS_URL", "redis://localhost")
    assert Settings().files_in == "off"
    assert any(doubt.startswith("FILE_STORE") for doubt in Settings().doubts())
    monkeypatch.setenv("MONGODB_URI", "mongodb://localhost/x")
    monkeypatch.setenv("FILE_STORE", " MONGO ")
    assert Settings().files_in == "mongo"
    assert not any("are off" in doubt for doubt in Settings().doubts())


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"FILE_STORE": "mongo"}, "FILE_STORE"),
        ({"FILE_STORE": "disk"}, "FILE_STORE"),
        ({"FILE_STORE": "mongo", "MONGODB_URI": "mongodb://localhost/x", "ENVIRONMENT": "production"}, "FILE_STORE"),
        ({"STORAGE_SECRET": "short"}, "STORAGE_SECRET"),
        ({"MESSAGE_LOG": "on", "ENVIRONMENT": "production"}, "MESSAGE_LOG"),
        ({"SESSION_LOG_DAYS": "-1"}, "SESSION_LOG_DAYS"),
        ({"MAX_FILE_MB": "0"}, "MAX_FILE_MB"),
        ({"FAULTS": "maybe"}, "FAULTS"),
        ({"FAULTS": "on", "ENVIRONMENT": "production"}, "FAULTS"),
        ({"FAULTS": "on", "ENVIRONMENT": "staging"}, "FAULTS"),
        ({"FAULTS": "on", "REDIS_URL": "redis://localhost"}, "FAULTS"),
    ],
)
def test_what_does_not_go_together_stops_the_start(
    environment: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert entry.main() == 2
    assert capsys.readouterr().err.startswith(f"{named}: ")
