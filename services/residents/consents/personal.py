"""What a person consented to, and what they took back."""

from sqlmodel import col

from services.residents.consents import repository
from services.residents.consents.models import Consent, ConsentChannel, GivenBy
from services.residents.consents.service import open_evidence
from services.residents.people.models import Person
from services.residents.sections import Section, Words, coded, section_of
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault

_CHANNELS = {ConsentChannel.APP: both("手机", "app"), ConsentChannel.PAPER: both("书面", "paper")}
_GIVERS = {GivenBy.SELF: both("本人", "the person"), GivenBy.GUARDIAN: both("监护人", "guardian")}


async def consents_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    key = await vault.key_for(person.community_code, person.id)
    statement = repository.consents_of(person).order_by(col(Consent.id))
    return section_of(
        "consents",
        both("个人同意", "Consents"),
        {
            "purpose": both("用途", "Purpose"),
            "text_version": both("文本版本", "Version of the text"),
            "given_at": both("同意时间", "Given"),
            "given_by": both("同意人", "By"),
            "channel": both("方式", "How"),
            "evidence": both("凭据", "Evidence"),
            "withdrawn_at": both("撤回时间", "Withdrawn"),
        },
        [
            {
                "purpose": Words.of(consent.purpose.label).coded(consent.purpose),
                "text_version": consent.text_version,
                "given_at": consent.given_at,
                "given_by": coded(consent.given_by, _GIVERS),
                "channel": coded(consent.channel, _CHANNELS),
                "evidence": open_evidence(key, consent),
                "withdrawn_at": consent.withdrawn_at,
            }
            for consent in (await session.execute(statement)).scalars()
        ],
    )
