"""Settings, from the environment and from `.env`. One field for each variable that README's table documents."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

CommaList = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Frozen. Every field is the environment variable of the same name in upper case; units are in the names."""

    model_config = SettingsConfigDict(
        env_file=".env", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    host: str = "0.0.0.0"  # noqa: S104 - a server in a container is reached from outside it
    port: int = Field(default=3001, ge=0, le=65535)
    public_url: str = ""
    cors_origins: CommaList = ()
    mongodb_uri: SecretStr = SecretStr("")
    admin_key: SecretStr = SecretStr("")

    turn_urls: CommaList = ()
    turn_secret: SecretStr = SecretStr("")
    turn_ttl_s: int = Field(default=3600, ge=60, le=86_400)
    stun_urls: CommaList = ("stun:stun.l.google.com:19302",)

    room_ttl_s: float = Field(default=86_400, gt=0)
    room_capacity: int = Field(default=8, ge=1)
    seat_grace_s: float = Field(default=30, ge=0)
    empty_room_ttl_s: float = Field(default=300, ge=0)
    max_room_ttl_s: float = Field(default=604_800, gt=0)
    max_room_capacity: int = Field(default=1000, ge=1)
    tombstone_ttl_s: float = Field(default=86_400, ge=0)

    events_per_s: float = Field(default=50, ge=0)
    ping_interval_s: float = Field(default=25, gt=0)
    ping_timeout_s: float = Field(default=20, gt=0)
    connect_timeout_s: float = Field(default=15, gt=0)

    message_log: Literal["off", "on"] = "off"
    environment: str = "development"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    trusted_proxy_hops: int = Field(default=0, ge=0, le=10)
    engine: Literal["mayfly", "stock"] = "mayfly"

    @field_validator("cors_origins", "turn_urls", "stun_urls", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("log_level", "log_format", "message_log", "engine", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def development(self) -> bool:
        """Whether pages on localhost may use the server without being named."""
        return self.environment == "development"
