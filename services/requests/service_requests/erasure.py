"""Forgetting a person: what they wrote and what was written about them becomes unreadable, here too."""

from uuid import UUID

from services.requests.attachments.repository import withdraw_of_key
from services.requests.deliberations import repository as deliberations
from services.requests.knowledge.repository import forget_votes
from services.requests.mediations.erasure import forget_party
from services.requests.moderation.public_texts import take_back
from services.requests.moderation.repository import blank_originals
from services.requests.projects import repository as projects
from services.requests.ratings import repository as ratings
from services.requests.service_requests import repository
from services.requests.service_requests.models import ServiceRequest
from services.requests.similar.repository import forget_follower
from services.requests.tracking.repository import drop_links
from shared.clock import utc_now
from shared.consumer import Handler
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload
from shared.ids import new_id
from shared.vault import Vault


class PersonErased(Payload):
    person_id: UUID


def forget_person(keyring: Keyring) -> Handler:
    """Handler of `residents.person_erased.v1`. States and times of the requests stay, for the statistics."""

    async def forget(session: AsyncSession, envelope: Envelope) -> None:
        person_id = PersonErased.model_validate(envelope.data).person_id
        vault, community_code = Vault(session, keyring), envelope.community
        for request in await repository.requests_of_person(session, community_code, person_id):
            if request.concerned_person_id == person_id:
                request.concerned_person_id = None
            if request.requester_person_id in (None, person_id):
                await _shred(session, vault, request)
            request.version += 1
        await ratings.forget_rater(session, community_code, person_id)
        await forget_follower(session, community_code, person_id)
        await forget_votes(session, community_code, person_id)
        await forget_party(session, vault, community_code, person_id)
        await _destroy(session, vault, community_code, person_id)
        await deliberations.forget_person(session, community_code, person_id)
        await projects.forget_person(session, community_code, person_id)

    return forget


async def _shred(session: AsyncSession, vault: Vault, request: ServiceRequest) -> None:
    """Make everything said in the request unreadable; what the office writes from now on gets a key of its own."""
    await _destroy(session, vault, request.community_code, request.key_subject_id)
    request.key_subject_id = new_id()
    request.requester_person_id = None
    request.content_sealed = request.requester_sealed = request.requester_phone_index = None
    take_back(request)
    await drop_links(session, request)
    request.longitude = request.latitude = request.building_index = None


async def _destroy(session: AsyncSession, vault: Vault, community_code: str, key_subject_id: UUID) -> None:
    """Destroy a key, and drop what it had sealed."""
    await vault.destroy(community_code, key_subject_id)
    await repository.blank_texts(session, community_code, key_subject_id)
    await withdraw_of_key(session, community_code, key_subject_id, utc_now())
    await blank_originals(session, community_code, key_subject_id)
