"""Progress and result always come back to whoever asked."""

from uuid import UUID

from pydantic import Field

from services.residents.notices import repository, service
from services.residents.notices.models import NoticeKind
from shared.consumer import Handler, Handlers
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload


class RequestChanged(Payload):
    """What the events of a service request have in common, as far as a notice needs it."""

    request_id: UUID
    state: str
    category: str
    step: str = ""
    requester_person_id: UUID | None = None
    household_id: UUID | None = None
    requester_muted: bool = False
    follower_person_ids: list[UUID] = Field(default_factory=list)
    watcher_accounts: list[str] = Field(default_factory=list)

    @property
    def parameters(self) -> dict[str, str]:
        """What a notice of it keeps."""
        return {
            "request_id": str(self.request_id),
            "category": self.category,
            "state": self.state,
            "step": self.step,
        }


_PRESSING = {"rejected": NoticeKind.REQUEST_REJECTED, "waiting": NoticeKind.REQUEST_WAITING}
"""Steps told by `request_progressed` whose reader must do something, or turn elsewhere."""


def _tell(kind: NoticeKind) -> Handler:
    async def tell(session: AsyncSession, envelope: Envelope) -> None:
        """The requester; where nobody asked for themself (a found person), the household that it concerns.

        Whoever follows it hears the same in other words; the event names nobody who has muted it.
        """
        change = RequestChanged.model_validate(envelope.data)
        if change.requester_person_id is not None:
            readers = [] if change.requester_muted else [change.requester_person_id]
        elif change.household_id is not None:
            readers = await repository.members(session, envelope.community, change.household_id)
        else:
            readers = []
        parameters = change.parameters
        told = _PRESSING.get(change.step, kind)
        for person_id in readers:
            await service.notify_person(session, envelope.community, person_id, told, parameters)
        for person_id in set(change.follower_person_ids).difference(readers):
            await service.notify_person(session, envelope.community, person_id, NoticeKind.REQUEST_FOLLOWED, parameters)
        await _tell_accounts(session, envelope.community, change)

    return tell


async def tell_of_note(session: AsyncSession, envelope: Envelope) -> None:
    """A step that only the office and its workers hear of: those of them who follow the request."""
    await _tell_accounts(session, envelope.community, RequestChanged.model_validate(envelope.data))


async def _tell_accounts(session: AsyncSession, community_code: str, change: RequestChanged) -> None:
    kind, parameters = NoticeKind.REQUEST_FOLLOWED, change.parameters
    for account in change.watcher_accounts:
        await service.notify_desk(session, community_code, kind, parameters, account=account)


REQUEST_HANDLERS: Handlers = {
    f"requests.{kind.value}.v1": _tell(kind)
    for kind in (
        NoticeKind.REQUEST_ACCEPTED,
        NoticeKind.REQUEST_PROGRESSED,
        NoticeKind.REQUEST_RESOLVED,
        NoticeKind.REQUEST_CONFIRMED,
        NoticeKind.REQUEST_REOPENED,
        NoticeKind.REQUEST_WITHDRAWN,
        NoticeKind.REQUEST_MERGED,
        NoticeKind.REQUEST_UNMERGED,
        NoticeKind.REQUEST_TRANSFERRED,
    )
} | {"requests.request_noted.v1": tell_of_note}


class WorkOrderNews(Payload):
    work_order_id: UUID
    request_id: UUID
    category: str
    to: str = "head"
    """Who decides: `staff`, or the `head` alone."""


def _ask_office(kind: NoticeKind) -> Handler:
    async def ask_office(session: AsyncSession, envelope: Envelope) -> None:
        """Somebody has to decide about a work order: staff, or the head where nobody else may."""
        news = WorkOrderNews.model_validate(envelope.data)
        parameters = {
            "work_order_id": str(news.work_order_id),
            "request_id": str(news.request_id),
            "category": news.category,
        }
        await service.notify_desk(session, envelope.community, kind, parameters, for_head=news.to == "head")

    return ask_office


class WorkOrderReminded(Payload):
    request_id: UUID
    category: str
    deadline: str
    percent: int
    responder_ids: list[UUID]
    to_duty_desk: bool
    to_head: bool = False


async def remind_of_deadline(session: AsyncSession, envelope: Envelope) -> None:
    """Whoever holds the work hears that its time runs out, or has; where dispatch says so the duty desk as well, or
    the head alone."""
    reminded = WorkOrderReminded.model_validate(envelope.data)
    kind = NoticeKind.REQUEST_DUE_SOON if reminded.percent < 100 else NoticeKind.REQUEST_OVERDUE
    parameters = {
        "request_id": str(reminded.request_id),
        "category": reminded.category,
        "deadline": reminded.deadline,
    }
    for responder_id in reminded.responder_ids:
        await service.notify_desk(session, envelope.community, kind, parameters, responder_id=responder_id)
    if reminded.to_duty_desk or reminded.to_head:
        await service.notify_desk(session, envelope.community, kind, parameters, for_head=reminded.to_head)


REMINDER_HANDLERS: Handlers = {
    "dispatch.work_order_reminded.v1": remind_of_deadline,
    "dispatch.work_order_objected.v1": _ask_office(NoticeKind.OBJECTION_RAISED),
    "dispatch.work_order_objection_overdue.v1": _ask_office(NoticeKind.OBJECTION_OVERDUE),
    "dispatch.work_order_left_to_head.v1": _ask_office(NoticeKind.WORK_LEFT_TO_HEAD),
}
