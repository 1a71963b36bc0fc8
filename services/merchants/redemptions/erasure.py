"""Forgetting a person: their pseudonym becomes one that leads to nobody. Counts and sums stay."""

import os
from uuid import UUID

from services.merchants.holders import repository as holders
from services.merchants.holders.service import holder_of
from services.merchants.redemptions import repository
from shared.consumer import Handler
from shared.crypto import BLIND_INDEX_BYTES, Keyring
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload


class PersonErased(Payload):
    person_id: UUID


def forget_person(keyring: Keyring) -> Handler:
    """Handler of `residents.person_erased.v1`."""

    async def forget(session: AsyncSession, envelope: Envelope) -> None:
        person_id = PersonErased.model_validate(envelope.data).person_id
        stranger = os.urandom(BLIND_INDEX_BYTES)
        holder = holder_of(keyring, person_id)
        await holders.forget(session, envelope.community, holder)
        await repository.rename_holder(session, envelope.community, holder, stranger)

    return forget
