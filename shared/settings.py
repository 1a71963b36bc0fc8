"""What a process is told by its environment. Secrets have no defaults: a process without them does not start."""

from typing import Literal, Self

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def environment(prefix: str) -> SettingsConfigDict:
    """Settings read from variables that begin with `prefix`, e.g. `RESIDENTS_`."""
    return SettingsConfigDict(env_prefix=prefix, extra="ignore", frozen=True)


class CommonSettings(BaseSettings):
    """What the gateway and every service need."""

    environment: Literal["embedded", "test", "production"] = "production"
    database_url: SecretStr
    """The application role's, never the owner's: postgresql+asyncpg://…"""
    database_pool_size: int = 8
    issuer: str
    """The gateway's public URL, which is the issuer of every access token."""
    key_encryption_keys: SecretStr
    """`id:base64url[,id:base64url]`; the first wraps new data keys, the others only unwrap."""
    key_file: str = ""
    """A file that holds the same and, once it is there, takes precedence: replaced by `kaiyuan keys rotate`, and read
    again without a restart."""
    index_key: SecretStr
    signing_key: SecretStr
    """Signs page cursors and the head of the audit chain."""
    sender: Literal["console", "http"] = "console"
    sender_file: str = ""
    sender_url: str = ""
    sender_token: SecretStr = SecretStr("")
    otlp_endpoint: str = ""
    """Where traces go (OTLP over HTTP); empty: nowhere."""
    log_level: str = "INFO"
    max_requests_in_flight: int = 256
    """More than this at once are answered 503 with Retry-After."""

    @classmethod
    def from_environment(cls) -> Self:
        """What this process was told. Raises ValidationError, which names what it was not."""
        return cls()  # pyright: ignore[reportCallIssue]  # a checker cannot know that the variables are there


class ServiceSettings(CommonSettings):
    """What each of the four services needs beyond that."""

    nats_url: str
    nats_user: str
    nats_password: SecretStr
    jwks_url: str
    role: Literal["api", "worker", "all"] = "all"
    """`api` answers requests, `worker` runs relay, consumers and timers, `all` does both."""
