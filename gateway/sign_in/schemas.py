from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints

from shared.identity import MobileText


def printable(longest: int) -> StringConstraints:
    """Control characters have no place in a name or a secret, and PostgreSQL refuses U+0000."""
    return StringConstraints(min_length=1, max_length=longest, pattern=r"^[^\x00-\x1f\x7f]+$")


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CodeRequest(Schema):
    phone: MobileText


class CodeRequested(BaseModel):
    """The same for every phone, registered or not."""

    request_id: UUID
    expires_in: int
    """Seconds."""


class CodeVerification(Schema):
    request_id: UUID
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class PasswordSignIn(Schema):
    username: Annotated[str, printable(64)]
    password: Annotated[str, printable(256)]


class Tokens(BaseModel):
    """RFC 6749, 5.1."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int
    refresh_token: str | None = None
    scope: str | None = None


class Me(BaseModel):
    """Who the caller is to the system."""

    role: str
    area: str
    grids: list[str]
    person_id: UUID | None
    household_id: UUID | None
    responder_id: UUID | None
    merchant_id: UUID | None
    grants: list[str]


class SignOut(Schema):
    refresh_token: Annotated[str, printable(128)]
