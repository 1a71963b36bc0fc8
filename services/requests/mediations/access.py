"""Who may read a mediation, and the request behind it: the parties, the mediators, the community's head."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, false, select
from sqlmodel import col

from services.requests.mediations.models import Mediation, MediationMediator, MediationParty
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.errors import NotFound

MEDIATING = frozenset({Role.GRID_WORKER, Role.RESPONDER, Role.STAFF})
"""Who may be a mediator. Whoever else opened it, or has the community for their scope, reads nothing of it."""


def readable(principal: Principal) -> Select[Mediation]:
    """The mediations that this principal may read; every query of mediations for a person starts here."""
    statement = select(Mediation).where(in_area(col(Mediation.community_code), principal.area))
    if principal.role is Role.HEAD:
        return statement
    if principal.role is Role.RESIDENT:
        party_in = select(col(MediationParty.mediation_id)).where(
            in_area(col(MediationParty.community_code), principal.area),
            col(MediationParty.person_id) == principal.person_id,
        )
        return statement.where(col(Mediation.id).in_(party_in) if principal.person_id else false())
    if principal.role in MEDIATING:
        mine = _mediates(principal.area, principal.responder_id) if principal.responder_id else None
        return statement.where(col(Mediation.id).in_(mine) if mine is not None else false())
    raise NotFound


def mediated_request_ids(area: str, responder_id: UUID) -> Select[Any]:
    """The requests behind the mediations that this responder mediates."""
    return select(col(Mediation.request_id)).where(
        in_area(col(Mediation.community_code), area),
        col(Mediation.id).in_(_mediates(area, responder_id)),
        col(Mediation.request_id).is_not(None),
    )


def _mediates(area: str, responder_id: UUID) -> Select[UUID]:
    """From being named until they leave."""
    return select(col(MediationMediator.mediation_id)).where(
        in_area(col(MediationMediator.community_code), area),
        col(MediationMediator.responder_id) == responder_id,
        col(MediationMediator.ended_at).is_(None),
    )
