"""A found person (走失人员) is looked after as an urgent request, made from the case that residents keeps."""

from uuid import UUID

from services.requests.categories.models import Urgency
from services.requests.categories.service import seed_categories
from services.requests.merges.release import release_all
from services.requests.service_requests import intake, repository
from services.requests.service_requests.deadlines import resume
from services.requests.service_requests.errors import UnknownRequest
from services.requests.service_requests.models import Channel, ServiceRequest, Step, Visibility
from services.requests.service_requests.states import Action, after, is_possible
from services.requests.service_requests.timeline import Actor, entry_of, record
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload

CATEGORY = "public_safety.lost_person"
ORIGIN = "found_person"
UNFOUNDED = "unfounded"
_RESIDENTS = Actor.service("residents")


class FoundPersonEvent(Payload):
    """What any `residents.found_person_*.v1` may say."""

    found_person_id: UUID
    card_id: UUID | None = None
    grid_code: str | None = None
    person_id: UUID | None = None
    household_id: UUID | None = None
    outcome: str | None = None


async def submit_for_found_person(session: AsyncSession, envelope: Envelope) -> None:
    """Make the urgent request that sends somebody to the found person; one a case."""
    event = FoundPersonEvent.model_validate(envelope.data)
    community_code = envelope.community
    if await repository.find_by_origin(session, community_code, ORIGIN, event.found_person_id) is not None:
        return
    terms = await _terms(session, community_code)
    if terms is None:
        # Somebody is out there: help does not wait until the community has set up its categories.
        await seed_categories(session, community_code)
        terms = await _terms(session, community_code)
    assert terms is not None
    request = intake.new_request(
        community_code,
        terms,
        category_code=CATEGORY,
        channel=Channel.CARD if event.card_id else Channel.PHONE,
        origin_type=ORIGIN,
        origin_id=event.found_person_id,
        grid_code=event.grid_code,
        created_by=_RESIDENTS.subject,
    )
    await intake.write(session, request, _RESIDENTS, responder_kind=terms.responder_kind)


async def follow_identified(session: AsyncSession, envelope: Envelope) -> None:
    """Now it is known whose household it concerns: the family may follow, confirm and rate."""
    event, request = await _case(session, envelope)
    request.concerned_person_id, request.household_id = event.person_id, event.household_id
    entry = entry_of(request, Step.IDENTIFIED, _RESIDENTS, visibility=Visibility.INTERNAL, at=envelope.time)
    await record(session, request, entry)


async def follow_handed_over(session: AsyncSession, envelope: Envelope) -> None:
    """The person is with their family again: everybody who follows the request is told."""
    _event, request = await _case(session, envelope)
    await record(session, request, entry_of(request, Step.HANDED_OVER, _RESIDENTS, at=envelope.time))


async def follow_closed(session: AsyncSession, envelope: Envelope) -> None:
    """Nobody was lost after all: the request is taken back, which ends its work orders."""
    event, request = await _case(session, envelope)
    if event.outcome == UNFOUNDED and is_possible(request.state, Action.WITHDRAW):
        request.state = after(request.state, Action.WITHDRAW)
        resume(request, envelope.time)
        await record(session, request, entry_of(request, Step.WITHDRAWN, _RESIDENTS, at=envelope.time))
        await release_all(session, request, _RESIDENTS)


async def _case(session: AsyncSession, envelope: Envelope) -> tuple[FoundPersonEvent, ServiceRequest]:
    event = FoundPersonEvent.model_validate(envelope.data)
    request = await repository.find_by_origin(session, envelope.community, ORIGIN, event.found_person_id)
    if request is None:
        raise UnknownRequest
    return event, request


async def _terms(session: AsyncSession, community_code: str):
    return await repository.read_for_intake(
        session, community_code, CATEGORY, urgency=Urgency.URGENT, address=None, key_subject_id=None
    )
