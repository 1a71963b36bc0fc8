from uuid import UUID

from fastapi import Request, Response, status
from sqlmodel import col

from services.residents.consents import repository, service
from services.residents.consents.auth import CatalogueRead
from services.residents.consents.catalogue import CATALOGUE
from services.residents.consents.models import Consent
from services.residents.consents.schemas import ConsentGive, ConsentRead, ProcessingPurpose
from services.residents.rights.auth import RightsExercise
from services.residents.rights.reach import get_subject
from shared.concurrency import etag
from shared.errors import language_of
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

catalogue_router = Router(prefix="/v1/processing-purposes", tags=["rights"])
router = Router(prefix="/v1/people/{person_id}/consents", tags=["rights"])


@catalogue_router.get("", response_model=list[ProcessingPurpose])
async def list_purposes(principal: CatalogueRead, request: Request, response: Response) -> list[ProcessingPurpose]:
    """Why personal data is processed, what entitles to it, and what people are told, in their language."""
    language = language_of(request.headers.get("accept-language"))
    response.headers["Content-Language"] = "zh-CN" if language == "zh" else "en"
    response.headers["Vary"] = "Accept-Language"
    return [ProcessingPurpose.of(purpose, ground, language) for purpose, ground in CATALOGUE.items()]


@router.get("", response_model=Page[ConsentRead])
async def list_consents(
    principal: RightsExercise, session: Session, vault: VaultDep, person_id: UUID, page: PageRequest
) -> Page[ConsentRead]:
    """Every consent that was given, the newest first, withdrawn ones too."""
    subject = await get_subject(session, vault, principal, person_id)
    statement = repository.consents_of(subject.person)
    return await paginate(session, statement, order_by=(col(Consent.id).desc(),), page=page)


@router.post("", response_model=ConsentRead, status_code=status.HTTP_201_CREATED)
async def give_consent(
    principal: RightsExercise,
    session: Session,
    vault: VaultDep,
    person_id: UUID,
    data: ConsentGive,
    response: Response,
) -> Consent:
    """Consent to one purpose: by the person or their guardian, or recorded from paper by who serves them."""
    consent = await service.give_consent(session, vault, principal, person_id, data)
    response.headers["ETag"] = etag(consent.version)
    return consent


@router.post("/{consent_id}/withdraw", response_model=ConsentRead)
async def withdraw_consent(
    principal: RightsExercise, session: Session, vault: VaultDep, person_id: UUID, consent_id: UUID
) -> Consent:
    """Take it back, as easily as it was given; what rested on it stops."""
    return await service.withdraw_consent(session, vault, principal, person_id, consent_id)
