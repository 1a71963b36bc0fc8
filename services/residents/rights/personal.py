"""What a person asked about their own data, and what they were answered."""

from sqlmodel import col

from services.residents.people.models import Person
from services.residents.rights import repository
from services.residents.rights.models import RightsRequest
from services.residents.rights.service import read_request
from services.residents.rights.states import RequestKind, RequestState
from services.residents.sections import Section, coded, section_of
from services.residents.words import name_states
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault

_KINDS = {RequestKind.CORRECTION: both("更正", "correction"), RequestKind.ERASURE: both("删除", "erasure")}
_STATES = name_states(RequestState)


async def rights_requests_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    key = await vault.key_for(person.community_code, person.id)
    found = (await session.execute(repository.requests_of(person).order_by(col(RightsRequest.id)))).scalars()
    rows = [(request, read_request(key, request)) for request in found]
    return section_of(
        "rights_requests",
        both("权利请求", "Requests about one's own data"),
        {
            "kind": both("类型", "Kind"),
            "state": both("状态", "State"),
            "asked_at": both("提出时间", "Asked"),
            "changes": both("请求更正为", "Asked for"),
            "reason": both("说明", "Reason"),
            "note": both("答复", "Answer"),
            "ended_at": both("办结时间", "Ended"),
        },
        [
            {
                "kind": coded(request.kind, _KINDS),
                "state": coded(request.state, _STATES),
                "asked_at": request.created_at,
                "changes": ", ".join(f"{name}: {value}" for name, value in (read.changes or {}).items()) or None,
                "reason": read.reason,
                "note": read.note,
                "ended_at": request.ended_at,
            }
            for request, read in rows
        ],
    )
