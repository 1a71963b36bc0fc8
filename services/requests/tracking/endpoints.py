from uuid import UUID

from fastapi import Request, status

from services.requests.service_requests import repository as requests
from services.requests.service_requests.references import REFERENCE
from services.requests.tracking import links
from services.requests.tracking.auth import HandOutLinks
from services.requests.tracking.schemas import LinkRead
from shared import audit
from shared.audit import Purpose
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/service-requests", tags=["service requests"])


@router.post("/{request_id}/tracking-link", response_model=LinkRead, status_code=status.HTTP_201_CREATED)
async def make_tracking_link(
    principal: HandOutLinks, session: Session, vault: VaultDep, signer: SignerDep, request_id: UUID, request: Request
) -> LinkRead:
    """A link that lets whoever opens it first follow and answer as the requester. On record; sent to their phone."""
    row = await requests.lock_request(session, principal, request_id)
    link, token = await links.make_link(session, vault, row, principal.subject)
    await audit.record(
        session,
        signer,
        principal,
        community_code=row.community_code,
        action="service_requests.tracking_link",
        purpose=Purpose.SERVICE_DELIVERY,
        subject_type="service_request",
        subject_id=row.id,
    )
    url = links.address(request.app.state.settings.public_url, row.reference, token)
    return LinkRead(reference=REFERENCE.grouped(row.reference), url=url, expires_at=link.expires_at, state=link.state)
