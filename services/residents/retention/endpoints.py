from fastapi import Request, Response

from services.residents.retention import auth, service
from services.residents.retention.kinds import RetentionKind
from services.residents.retention.schemas import RetentionRead, RetentionUpdate
from shared.concurrency import IfMatch, etag
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/retention-rules", tags=["rights"])


@router.get("", response_model=list[RetentionRead])
async def list_rules(principal: auth.RetentionRead, session: Session, request: Request) -> list[RetentionRead]:
    """What is kept for how long, and how much of it falls due now and within 30 days. Deletes nothing."""
    return await service.list_rules(session, principal.community_code, request.app.state.settings)


@router.patch("/{kind}", response_model=RetentionRead)
async def set_rule(
    principal: auth.RetentionWrite,
    session: Session,
    kind: RetentionKind,
    data: RetentionUpdate,
    expected: IfMatch,
    request: Request,
    response: Response,
) -> RetentionRead:
    """Keep a kind longer or shorter in this community, or (null) as the installation does."""
    installation = request.app.state.settings.retention_days
    rule = await service.set_rule(session, principal, kind, data.keep_days, expected, installation)
    response.headers["ETag"] = etag(rule.version)
    return rule
