"""Settings, from the environment and from `.env`. One field for each variable that README's table documents.

A value that makes no sense is refused at start. What is said about it never repeats it: some of them are secrets.
"""

from __future__ import annotations

import os
import re
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from server.security.api_keys import ApiKey, read_keys
from server.security.join_tokens import SHORT_SECRET_BYTES
from server.security.signatures import is_short, read_secrets

LOCAL = ("development", "test")
ENVIRONMENTS = (*LOCAL, "production")
YEAR_S = 365 * 86_400
MAX_CAPACITY = 100_000
BOUNDED_CAPACITY = 1_000
"""Up to so many people, no snapshot is longer than what may wait for a reader."""

MAX_EVENTS_PER_S = 1_000_000
MAX_MB = 1_048_576
LEAST_SECRET_CHARS = 22
"""As many random characters as cannot be guessed."""

# An origin (RFC 6454) with `*` for parts of names or for a port; schemes of apps (capacitor://localhost) included.
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@,]+/?", re.IGNORECASE)
HTTP_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s#]*)?", re.IGNORECASE)
DSN = re.compile(r"https?://\w+@[\w.:\[\]-]+(/[\w-]+)*/\d+")
BASE_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?", re.IGNORECASE)
# RFC 7064 and RFC 7065: no slashes after the scheme, which browsers refuse as well.
STUN_URL = re.compile(r"stuns?:[^\s/?@]+")
TURN_URL = re.compile(r"turns?:[^\s/?@]+(\?transport=(udp|tcp))?")
REDIS_URL = re.compile(r"(rediss?|unix)://\S+")
MONGODB_URI = re.compile(r"mongodb(\+srv)?://\S+")

MAX_SESSION_LOG_DAYS = 3_650
MAX_WORKERS = 64
"""Processes on one port."""

RETIRED = {"ENGINE": "there is one engine now, and the variable is ignored."}
"""Variables of earlier versions → what became of them."""

CommaList = Annotated[tuple[str, ...], NoDecode]
RoomCreation = Literal["open", "sites", "key"]
JoinTokensMode = Literal["off", "optional", "required"]
FileStoreKind = Literal["off", "memory", "mongo"]


def _seconds(default: float, *, least: float = 0, most: float = 10 * YEAR_S) -> float:
    value: float = Field(default=default, ge=least, le=most, allow_inf_nan=False)
    return value


class Settings(BaseSettings):
    """Frozen. Every field is the environment variable of the same name in upper case; units are in the names."""

    model_config = SettingsConfigDict(
        env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    host: str = "0.0.0.0"  # noqa: S104 - a server in a container is reached from outside it
    port: int = Field(default=3001, ge=0, le=65535)
    public_url: str = ""
    cors_origins: CommaList = Field(default=(), validation_alias=AliasChoices("cors_origins", "allowed_origins"))
    room_creation: RoomCreation | None = None
    api_keys: Annotated[tuple[ApiKey, ...], NoDecode] = ()
    mongodb_uri: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")
    redis_allow_persistence: Literal["off", "on"] = "off"
    workers: int = Field(default=1, ge=1, le=MAX_WORKERS)
    admin_key: SecretStr = SecretStr("")

    join_tokens: JoinTokensMode | None = None
    join_jwt_secret: SecretStr = SecretStr("")
    join_jwks_url: str = ""
    join_jwt_issuer: str = ""
    join_jwt_audience: str = ""

    webhook_urls: CommaList = ()
    webhook_secret: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    webhook_names: Literal["off", "on"] = "off"
    webhook_allow_private: Literal["off", "on"] = "off"

    turn_urls: CommaList = ()
    turn_secret: SecretStr = SecretStr("")
    turn_ttl_s: int = Field(default=3600, ge=60, le=86_400)
    stun_urls: CommaList = ("stun:stun.l.google.com:19302",)

    room_ttl_s: float = _seconds(86_400, least=1)
    room_capacity: int = Field(default=8, ge=1, le=MAX_CAPACITY)
    seat_grace_s: float = _seconds(30, most=86_400)
    empty_room_ttl_s: float = _seconds(300)
    max_room_ttl_s: float = _seconds(604_800, least=1)
    max_room_capacity: int = Field(default=1000, ge=1, le=MAX_CAPACITY)
    tombstone_ttl_s: float = _seconds(86_400)

    events_per_s: float = Field(default=50, ge=0, le=MAX_EVENTS_PER_S, allow_inf_nan=False)
    ping_interval_s: float = _seconds(25, least=0.05, most=3600)
    ping_timeout_s: float = _seconds(20, least=0.05, most=3600)
    connect_timeout_s: float = _seconds(15, least=0.05, most=3600)
    ws_compression: Literal["off", "on"] = "off"

    memory_budget_mb: int = Field(default=384, ge=0, le=MAX_MB)
    max_connections: int = Field(default=10_000, ge=0)
    max_connections_per_address: int = Field(default=500, ge=0)
    max_unseated_per_address: int = Field(default=500, ge=0)
    max_rooms_per_address: int = Field(default=100, ge=0)
    max_seats_per_address: int = Field(default=1_000, ge=0)

    environment: str = "development"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] | None = None
    sentry_dsn: SecretStr = SecretStr("")
    trusted_proxy_hops: int = Field(default=0, ge=0, le=10)

    session_log_days: int = Field(default=90, ge=0, le=MAX_SESSION_LOG_DAYS)
    storage_secret: SecretStr = SecretStr("")
    max_file_mb: int = Field(default=50, ge=1, le=MAX_MB)
    max_files_mb: int = Field(default=10_240, ge=0, le=MAX_MB)
    max_files_mb_per_room: int = Field(default=4_096, ge=0, le=MAX_MB)
    max_files_mb_per_address: int = Field(default=4_096, ge=0, le=MAX_MB)
    # The last three: what is said of them depends on others.
    faults: Literal["off", "on"] = "off"
    message_log: Literal["off", "on"] = "off"
    file_store: FileStoreKind = "memory"

    @field_validator("cors_origins", "webhook_urls", "turn_urls", "stun_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("webhook_secret", mode="before")
    @classmethod
    def _hook_secrets(cls, value: object) -> object:
        return tuple(map(SecretStr, read_secrets(value))) if isinstance(value, str) else value

    @field_validator("webhook_urls")
    @classmethod
    def _hooks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(HTTP_URL.fullmatch(url) for url in value):
            raise ValueError("must be URLs such as https://example.com/hooks, comma-separated")
        return value

    @field_validator("api_keys", mode="before")
    @classmethod
    def _keys(cls, value: object) -> object:
        return read_keys(value) if isinstance(value, str) else value

    @field_validator(
        "log_level",
        "log_format",
        "message_log",
        "redis_allow_persistence",
        "environment",
        "ws_compression",
        "room_creation",
        "webhook_names",
        "webhook_allow_private",
        "join_tokens",
        "file_store",
        "faults",
        mode="before",
    )
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("sentry_dsn")
    @classmethod
    def _dsn(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not DSN.fullmatch(value.get_secret_value()):
            raise ValueError("must be a DSN such as https://key@example.com/1")
        return value

    @field_validator("public_url")
    @classmethod
    def _base_of_links(cls, value: str) -> str:
        if value and not BASE_URL.fullmatch(value):
            raise ValueError("must be an address such as https://rooms.example.com")
        return value.rstrip("/")

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(origin == "*" or ORIGIN.fullmatch(origin) for origin in value):
            raise ValueError(
                "must be origins such as https://example.com,https://my-site-*-my-team.vercel.app, without a path"
            )
        return value

    @field_validator("join_jwks_url")
    @classmethod
    def _key_set(cls, value: str) -> str:
        if value and not HTTP_URL.fullmatch(value):
            raise ValueError("must be a URL such as https://example.com/.well-known/jwks.json")
        return value

    @field_validator("turn_urls")
    @classmethod
    def _turn(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(TURN_URL.fullmatch(url) for url in value):
            raise ValueError("must be URLs such as turn:turn.example.com:3478?transport=udp")
        return value

    @field_validator("stun_urls")
    @classmethod
    def _stun(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(STUN_URL.fullmatch(url) for url in value):
            raise ValueError("must be URLs such as stun:stun.example.com:3478")
        return value

    @field_validator("mongodb_uri")
    @classmethod
    def _mongodb(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not MONGODB_URI.fullmatch(value.get_secret_value()):
            raise ValueError("must be a URI such as mongodb://localhost/mayfly")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not REDIS_URL.fullmatch(value.get_secret_value()):
            raise ValueError("must be a URL such as redis://localhost:6379/0")
        return value

    @field_validator("workers")
    @classmethod
    def _together(cls, value: int, info: ValidationInfo) -> int:
        redis = info.data.get("redis_url")
        if value > 1 and redis is not None and not redis.get_secret_value():
            raise ValueError("more than one needs REDIS_URL, by which the processes share rooms")
        return value

    @field_validator("storage_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < LEAST_SECRET_CHARS:
            raise ValueError(f"must be {LEAST_SECRET_CHARS} random characters or more")
        return value

    @field_validator("message_log")
    @classmethod
    def _sealed_log(cls, value: str, info: ValidationInfo) -> str:
        secret, local = info.data.get("storage_secret"), info.data.get("environment", "") in LOCAL
        if value == "on" and not local and secret is not None and not secret.get_secret_value():
            raise ValueError("on needs STORAGE_SECRET, which seals what is logged in the database")
        return value

    @field_validator("file_store")
    @classmethod
    def _where_files_lie(cls, value: FileStoreKind, info: ValidationInfo) -> FileStoreKind:
        uri, secret = info.data.get("mongodb_uri"), info.data.get("storage_secret")
        if value == "mongo" and uri is not None and not uri.get_secret_value():
            raise ValueError("mongo needs MONGODB_URI")
        local = info.data.get("environment", "") in LOCAL
        if value == "mongo" and not local and secret is not None and not secret.get_secret_value():
            raise ValueError("mongo needs STORAGE_SECRET, which seals files in the database")
        return value

    @field_validator("faults")
    @classmethod
    def _only_at_home(cls, value: str, info: ValidationInfo) -> str:
        if value == "on" and info.data.get("environment", "") not in LOCAL:
            raise ValueError("on is for development: any client could ask for faults. Leave it off in production")
        redis = info.data.get("redis_url")
        if value == "on" and redis is not None and redis.get_secret_value():
            raise ValueError("on works in one process, without REDIS_URL")
        return value

    @property
    def files_in(self) -> FileStoreKind:
        """`FILE_STORE`; memory is no place for files that other processes are asked for, too."""
        return "off" if self.file_store == "memory" and self.redis_url.get_secret_value() else self.file_store

    @property
    def development(self) -> bool:
        """Whether pages on localhost may use the server without being named."""
        return self.environment == "development"

    @property
    def production(self) -> bool:
        """Whether this is no place of a developer's own; an unknown `ENVIRONMENT` counts as one that is not."""
        return self.environment not in LOCAL

    @property
    def form_of_logs(self) -> Literal["console", "json"]:
        """`LOG_FORMAT`, or what holds where it is not set."""
        return self.log_format or ("json" if self.production else "console")

    @property
    def who_makes_rooms(self) -> RoomCreation:
        """`ROOM_CREATION`, or what holds where it is not set."""
        return self.room_creation or ("sites" if self.production else "open")

    @property
    def takes_join_tokens(self) -> JoinTokensMode:
        """`JOIN_TOKENS`, or what holds where it is not set."""
        return self.join_tokens or ("optional" if self._knows_issuers else "off")

    @property
    def _knows_issuers(self) -> bool:
        return bool(self.join_jwt_secret.get_secret_value() or self.join_jwks_url)

    @property
    def own_origins(self) -> tuple[str, ...]:
        """The origin of `PUBLIC_URL`, if there is one."""
        return ("/".join(self.public_url.split("/")[:3]),) if self.public_url else ()

    @property
    def local(self) -> bool:
        """Whether this is a developer's or a tester's machine, whose own addresses are no strangers."""
        return self.environment in LOCAL

    def doubts(self) -> list[str]:
        """What is allowed but can hardly be meant, in words for the operator."""
        set_somewhere = {**dotenv_values(".env"), **os.environ}
        found = [f"{name} is set: {fate}" for name, fate in RETIRED.items() if set_somewhere.get(name)]
        found += self._doubts_about_turn() + self._doubts_about_who_may()
        found += self._doubts_about_tokens() + self._doubts_about_webhooks()
        if any(key.short for key in self.api_keys):
            found.append("API_KEYS has a short secret: use 22 random characters or more.")
        if self.environment not in ENVIRONMENTS:
            found.append(f"ENVIRONMENT is none of {', '.join(ENVIRONMENTS)}: it counts as production.")
        if self.faults == "on":
            found.append("FAULTS=on: whatever goes wrong may be what a client has asked for (docs/faults.md).")
        return found + self._doubts_about_what_is_kept() + self._doubts_about_sizes()

    def _doubts_about_turn(self) -> list[str]:
        found = []
        if self.turn_urls and not self.turn_secret.get_secret_value():
            found.append("TURN_URLS without TURN_SECRET: clients are not told of the TURN servers.")
        if self.turn_secret.get_secret_value() and not self.turn_urls:
            found.append("TURN_SECRET without TURN_URLS: there is no TURN server to use it with.")
        return found

    def _doubts_about_who_may(self) -> list[str]:
        found = []
        if "*" in self.cors_origins:
            found.append("CORS_ORIGINS=* lets every site on the internet use this server.")
        if self.production and not self.cors_origins:
            found.append("CORS_ORIGINS is empty: no site but the page of this server may use it.")
        if self.who_makes_rooms == "key" and not self.api_keys:
            found.append("ROOM_CREATION=key without API_KEYS: nobody can make rooms.")
        return found

    def _doubts_about_tokens(self) -> list[str]:
        found = []
        secret = self.join_jwt_secret.get_secret_value()
        if self.join_tokens in ("optional", "required") and not self._knows_issuers:
            found.append("JOIN_TOKENS without JOIN_JWT_SECRET or JOIN_JWKS_URL: no join token is valid.")
        if self.join_tokens == "off" and self._knows_issuers:
            found.append("JOIN_TOKENS=off: JOIN_JWT_SECRET and JOIN_JWKS_URL are not used.")
        if secret and len(secret.encode()) < SHORT_SECRET_BYTES:
            found.append("JOIN_JWT_SECRET is short: use 32 random bytes or more.")
        if self.production and self.join_jwks_url.lower().startswith("http:"):
            found.append("JOIN_JWKS_URL is not https: whoever is between could put in keys of their own.")
        return found

    def _doubts_about_webhooks(self) -> list[str]:
        found = []
        if self.webhook_urls and not self.webhook_secret:
            found.append("WEBHOOK_URLS without WEBHOOK_SECRET: no webhook is sent.")
        if any(is_short(secret.get_secret_value()) for secret in self.webhook_secret):
            found.append("WEBHOOK_SECRET has a short secret: use whsec_ and base64 of 24 random bytes or more.")
        if self.production and any(url.lower().startswith("http:") for url in self.webhook_urls):
            found.append("WEBHOOK_URLS has one that is not https: whoever is between can read what is sent.")
        return found

    def _doubts_about_what_is_kept(self) -> list[str]:
        found = []
        if self.message_log == "on" and not self.mongodb_uri.get_secret_value():
            found.append("MESSAGE_LOG=on without MONGODB_URI: logged messages stay in memory.")
        elif self.message_log == "on" and not self.storage_secret.get_secret_value():
            found.append("MESSAGE_LOG=on without STORAGE_SECRET: logged texts are sealed under MONGODB_URI only.")
        if self.files_in != self.file_store:
            found.append(
                "FILE_STORE=memory with REDIS_URL: files are off. Several processes share them in MongoDB only."
            )
        if self.file_store == "mongo" and not self.storage_secret.get_secret_value():
            found.append("FILE_STORE=mongo without STORAGE_SECRET: files cannot be opened after a restart.")
        return found

    def _doubts_about_sizes(self) -> list[str]:
        found = []
        if self.room_ttl_s > self.max_room_ttl_s:
            found.append("ROOM_TTL_S is above MAX_ROOM_TTL_S: rooms get the latter.")
        if self.room_capacity > self.max_room_capacity:
            found.append("ROOM_CAPACITY is above MAX_ROOM_CAPACITY: rooms get the latter.")
        if self.max_room_capacity > BOUNDED_CAPACITY:
            found.append(f"MAX_ROOM_CAPACITY is above {BOUNDED_CAPACITY}: the snapshots of such rooms exceed 1 MiB.")
        return found
