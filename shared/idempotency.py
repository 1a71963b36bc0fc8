"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): one effect however often a request is repeated.

The key is claimed, the effect made and the answer stored in one transaction. The stored answer is encrypted under a
key derived from the client's own Idempotency-Key, of which only a digest is kept: a dump of the table reveals nothing.
"""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, String, Table, Text, delete, func, insert, text
from starlette.requests import Request
from starlette.responses import Response

from shared.clock import utc_now
from shared.db import KIT_METADATA, AsyncSession, count_changed, set_scope
from shared.errors import InFlight, KeyReused, invalid

RETENTION = timedelta(hours=48)
"""Answers are promised for 24 hours and kept for 48."""

_MAXIMUM_KEY_LENGTH = 255
_METHODS = ("POST", "PATCH", "DELETE")

idempotency_key = Table(
    "idempotency_key",
    KIT_METADATA,
    Column("community_code", String(12), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("headers", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_idempotency_key_created_at", "created_at"),
)

_CLAIM = text("""
    SELECT pg_try_advisory_xact_lock(:lock) AS free, stored.fingerprint, stored.status, stored.media_type,
           stored.headers, stored.body
    FROM (SELECT 1) AS one
    LEFT JOIN idempotency_key AS stored ON stored.community_code = :community_code AND stored.digest = :digest
""")


class Replayed(Exception):
    """The answer that was given the first time."""

    def __init__(self, response: Response) -> None:
        super().__init__("replayed")
        self.response = response


@dataclass(slots=True)
class Claim:
    """A key claimed by the running request."""

    session: AsyncSession
    scope: str
    community_code: str
    digest: bytes
    fingerprint: bytes
    secret: bytes

    async def remember(self, response: Response) -> None:
        """Store the answer in the running transaction. Streams and answers to reads are not stored."""
        body = getattr(response, "body", None)
        if body is None or response.status_code >= 400:
            return
        kept = {name: value for name, value in response.headers.items() if name in ("location", "etag", "link")}
        moved_to = self.session.info["scope"]
        if moved_to != self.scope:
            await set_scope(self.session, self.scope)
        await self.session.execute(
            insert(idempotency_key).values(
                community_code=self.community_code,
                digest=self.digest,
                fingerprint=self.fingerprint,
                status=response.status_code,
                media_type=response.headers.get("content-type", ""),
                headers=self._seal(json.dumps(kept).encode()),
                body=self._seal(bytes(body)),
            )
        )
        if moved_to != self.scope:
            await set_scope(self.session, moved_to)

    def _seal(self, plain: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + AESGCM(self.secret).encrypt(nonce, plain, self.digest)

    def _open(self, sealed: bytes) -> bytes:
        return AESGCM(self.secret).decrypt(sealed[:12], sealed[12:], self.digest)

    def replay(self, status: int, media_type: str, headers: bytes, body: bytes) -> Response:
        return Response(
            self._open(body),
            status_code=status,
            media_type=media_type or None,
            headers=json.loads(self._open(headers)) | {"Idempotency-Replayed": "true"},
        )


async def claim(request: Request, session: AsyncSession, *, scope: str, caller: str) -> None:
    """Claim the request's Idempotency-Key, if it has one, in the running transaction.

    Raises Replayed with the stored answer, InFlight while the same request runs, KeyReused for another body.
    """
    raw = request.headers.get("idempotency-key")
    if raw is None or request.method not in _METHODS:
        return
    key = raw.strip().strip('"')
    if not key or len(key) > _MAXIMUM_KEY_LENGTH or not key.isprintable():
        raise invalid("header:idempotency-key", "format", "应为 1 至 255 个可见字符", "1 to 255 printable characters")
    signing_key: bytes = request.app.state.signing_key
    identity = "\x1f".join((caller, request.method, key)).encode()
    made = Claim(
        session=session,
        scope=scope,
        community_code=scope[:12],
        digest=hmac.digest(signing_key, b"idempotency-digest\x1f" + identity, "sha256"),
        fingerprint=hashlib.sha256(request.url.path.encode() + b"\0" + await request.body()).digest(),
        secret=hmac.digest(signing_key, b"idempotency-secret\x1f" + identity, "sha256"),
    )
    lock = int.from_bytes(made.digest[:8], "big", signed=True)
    parameters = {"lock": lock, "community_code": made.community_code, "digest": made.digest}
    row = (await session.execute(_CLAIM, parameters)).one()
    if row.fingerprint is not None:
        if not hmac.compare_digest(row.fingerprint, made.fingerprint):
            raise KeyReused
        raise Replayed(made.replay(row.status, row.media_type, row.headers, row.body))
    if not row.free:
        raise InFlight
    request.state.idempotency_claim = made


async def forget_old(session: AsyncSession) -> int:
    """Timer: drop answers that are past their retention. Returns how many."""
    old = idempotency_key.c.created_at < utc_now() - RETENTION
    return await count_changed(session, delete(idempotency_key).where(old))
