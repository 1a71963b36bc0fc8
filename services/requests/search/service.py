"""Finding requests by what was written in them."""

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, any_, bindparam, func, select
from sqlmodel import col

from services.requests.search.errors import NothingToSearchBy
from services.requests.search.models import RequestToken
from services.requests.search.words import Piece, Tokens
from services.requests.service_requests.models import ServiceRequest
from services.requests.views.filters import RequestFilter
from shared.auth import Principal
from shared.crypto import Keyring

_TOKENS = ARRAY(BigInteger)


def containing(
    keyring: Keyring, principal: Principal, text: str, wanted: RequestFilter
) -> tuple[Select[Any], tuple[Any, ...]]:
    """Requests of the caller's community that hold all pieces of `text`, and their order: the best match first, then
    the newest. NothingToSearchBy if the text holds nothing that anything is filed under."""
    community_code = principal.community_code
    pieces = Tokens(keyring, community_code).pieces(text)
    if not pieces:
        raise NothingToSearchBy
    hits = _hits(community_code, pieces)
    statement = wanted.statement(principal).join(hits, hits.c.request_id == col(ServiceRequest.id))
    statement = statement.where(col(ServiceRequest.community_code) == community_code)
    return statement, (hits.c.found.desc(), col(ServiceRequest.id).desc())


def _hits(community_code: str, pieces: list[Piece]) -> Any:
    everything = sorted({token for piece in pieces for token in piece.tokens})
    held = select(col(RequestToken.request_id), func.count().label("found")).where(
        col(RequestToken.community_code) == community_code, _one_of(everything)
    )
    return (
        held.group_by(col(RequestToken.request_id))
        .having(*(func.count().filter(_one_of(piece.tokens)) >= piece.enough for piece in pieces))
        .subquery("hits")
    )


def _one_of(tokens: list[int]) -> Any:
    return col(RequestToken.token) == any_(bindparam(None, tokens, type_=_TOKENS, unique=True))
