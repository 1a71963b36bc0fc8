"""Who takes part in a case without an account: a finder with the token of their report, a family with their link."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Query

from services.residents.found_persons import relay_repository, repository
from services.residents.found_persons.links import digest_of
from services.residents.found_persons.models import FoundPerson
from services.residents.found_persons.relay_models import FamilyLink, FoundMessage, Side
from shared.db import AsyncSession, set_scope
from shared.errors import NotFound
from shared.sessions import PublicSession


@dataclass(frozen=True, slots=True)
class Party:
    """A finder or a family, and the case that they may take part in."""

    case: FoundPerson
    report_id: UUID | None = None
    link: FamilyLink | None = None

    @property
    def side(self) -> Side:
        return Side.FINDER if self.link is None else Side.FAMILY

    @property
    def link_id(self) -> UUID | None:
        return self.link.id if self.link else None

    def wrote(self, message: FoundMessage) -> bool:
        return (message.side, message.report_id, message.link_id) == (self.side, self.report_id, self.link_id)


async def find_finder(session: AsyncSession, report_id: UUID, follow_token: str, *, lock: bool) -> Party:
    """The finder who holds this token; moves the transaction to their community. NotFound for anybody else."""
    community_code, secret = await _enter(session, follow_token)
    report = await repository.find_report(session, community_code, report_id)
    if report is None or report.follow_digest is None:
        raise NotFound
    if not secrets.compare_digest(report.follow_digest, digest_of(secret)):
        raise NotFound
    return Party(await _case(session, community_code, report.found_person_id, lock=lock), report_id=report.id)


async def find_family(session: AsyncSession, token: str, *, lock: bool) -> Party:
    """The family contact whose link it is, as long as it is their relative who was identified; NotFound otherwise."""
    community_code, secret = await _enter(session, token)
    link = await relay_repository.find_link(session, community_code, digest_of(secret))
    if link is None:
        raise NotFound
    case = await _case(session, community_code, link.found_person_id, lock=lock)
    if case.person_id != link.person_id:
        raise NotFound
    return Party(case, link=link)


async def _enter(session: AsyncSession, token: str) -> tuple[str, str]:
    """A token begins with its community: (community, secret)."""
    community_code, _, secret = token.partition(".")
    if len(community_code) != 12 or not community_code.isdecimal() or not community_code.isascii():
        raise NotFound
    await set_scope(session, community_code)
    return community_code, secret


async def _case(session: AsyncSession, community_code: str, case_id: UUID, *, lock: bool) -> FoundPerson:
    load = repository.lock_by_id if lock else repository.find_by_id
    case = await load(session, community_code, case_id)
    assert case is not None
    return case


FollowToken = Annotated[str, Query(max_length=200, description="`follow_token` of the report.")]


def _finder(*, lock: bool) -> Callable[..., object]:
    async def finder(
        session: PublicSession,
        report_id: UUID,
        token: FollowToken | None = None,
        follow_token: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Party:
        return await find_finder(session, report_id, follow_token or token or "", lock=lock)

    return finder


def _family(*, lock: bool) -> Callable[..., object]:
    async def family(session: PublicSession, token: str) -> Party:
        return await find_family(session, token[:200], lock=lock)

    return family


Finder = Annotated[Party, Depends(_finder(lock=False), scope="function")]
"""The token goes into `token` or the header `Follow-Token`."""
FinderActs = Annotated[Party, Depends(_finder(lock=True), scope="function")]
Family = Annotated[Party, Depends(_family(lock=False), scope="function")]
FamilyActs = Annotated[Party, Depends(_family(lock=True), scope="function")]
