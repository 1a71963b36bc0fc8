import base64
import binascii
from typing import Annotated

from fastapi import Depends, Form, Request, Response, status

from gateway.limits import Limited, Limits, address_of
from gateway.sign_in import service
from gateway.sign_in.errors import OAuthProblem
from gateway.sign_in.schemas import (
    CodeRequest,
    CodeRequested,
    CodeVerification,
    Me,
    PasswordSignIn,
    SignOut,
    Tokens,
    printable,
)
from shared.auth import PUBLIC, Principal, Role, allow
from shared.limits import enforce
from shared.routing import Router

router = Router(tags=["sign-in"])

EVERY_GRANT = {"requests:write", "requests:read", "grids:read", "offers:read"}
AnyCaller = Annotated[Principal, Depends(allow(*Role, grants=EVERY_GRANT))]


def _limits(request: Request) -> Limits:
    return request.app.state.limits


@router.post(
    "/v1/auth/otp", response_model=CodeRequested, status_code=status.HTTP_202_ACCEPTED, dependencies=[Depends(PUBLIC)]
)
async def request_code(request: Request, response: Response, data: CodeRequest) -> CodeRequested:
    """Send a one-time code to a phone. The answer is the same whether the phone is registered or not."""
    limits = _limits(request)
    response.headers.update(
        enforce((limits.codes_per_phone, data.phone), (limits.codes_per_address, address_of(request)))
    )
    request_id = await service.request_code(request.app.state, data.phone)
    return CodeRequested(request_id=request_id, expires_in=int(service.CODE_LIFETIME.total_seconds()))


@router.post("/v1/auth/otp/verify", response_model=Tokens, dependencies=[Depends(PUBLIC)])
async def verify_code(request: Request, response: Response, data: CodeVerification) -> Tokens:
    """Sign in with the code that was sent."""
    response.headers.update(enforce((_limits(request).sign_ins_per_address, address_of(request))))
    return _private(response, await service.verify_code(request.app.state, data.request_id, data.code))


@router.post("/v1/auth/login", response_model=Tokens, dependencies=[Depends(PUBLIC)])
async def sign_in_by_password(request: Request, response: Response, data: PasswordSignIn) -> Tokens:
    """Sign in as staff, grid worker, responder or merchant."""
    response.headers.update(_limits(request).of_sign_in(data.username, address_of(request)))
    return _private(response, await service.sign_in_by_password(request.app.state, data.username, data.password))


@router.post("/v1/auth/logout", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def sign_out(request: Request, data: SignOut) -> None:
    """End the session that a refresh token belongs to; its access tokens end within ten minutes."""
    enforce((_limits(request).sign_ins_per_address, address_of(request)))
    await service.sign_out(request.app.state, data.refresh_token)


@router.post("/oauth/token", response_model=Tokens, response_model_exclude_none=True, dependencies=[Depends(PUBLIC)])
async def grant_token(
    request: Request,
    response: Response,
    grant_type: Annotated[str, Form(max_length=40)] = "",
    client_id: Annotated[str | None, Form(), printable(64)] = None,
    client_secret: Annotated[str | None, Form(), printable(128)] = None,
    scope: Annotated[str | None, Form(), printable(400)] = None,
    refresh_token: Annotated[str | None, Form(), printable(128)] = None,
) -> Tokens:
    """The token endpoint (RFC 6749): `client_credentials` for partners, `refresh_token` for everyone."""
    limits, address = _limits(request), address_of(request)
    if grant_type == "client_credentials":
        client_id, client_secret = _basic_credentials(request) or (client_id or "", client_secret or "")
        response.headers.update(limits.of_sign_in(client_id, address))
        return _private(
            response, await service.grant_client_credentials(request.app.state, client_id, client_secret, scope)
        )
    response.headers.update(enforce((limits.sign_ins_per_address, address)))
    if grant_type not in ("", "refresh_token"):
        raise OAuthProblem("unsupported_grant_type")
    if not grant_type or not refresh_token:
        raise OAuthProblem("invalid_request")
    return _private(response, await service.grant_refresh(request.app.state, refresh_token))


@router.get("/v1/me", response_model=Me)
async def get_me(principal: AnyCaller, _limited: Limited) -> Me:
    """Who the caller is to the system."""
    return Me(
        role=principal.role.value,
        area=principal.area,
        grids=list(principal.grids),
        person_id=principal.person_id,
        household_id=principal.household_id,
        responder_id=principal.responder_id,
        merchant_id=principal.merchant_id,
        grants=sorted(principal.grants),
    )


def _private(response: Response, tokens: Tokens) -> Tokens:
    response.headers["Cache-Control"] = "no-store"
    return tokens


def _basic_credentials(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise OAuthProblem("invalid_client", 401) from error
    if not (client_id + secret).isprintable():
        raise OAuthProblem("invalid_client", 401)
    return client_id, secret
