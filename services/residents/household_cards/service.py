"""Use cases of colour schemes and household cards. They flush and never commit: the edge does."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.residents.household_cards import repository
from services.residents.household_cards.auth import SEE_FACTS
from services.residents.household_cards.derivation import Override
from services.residents.household_cards.derive import derive_households
from services.residents.household_cards.errors import ColourUnknown, NoScheme, NotOverridden, OverrideDateOutOfRange
from services.residents.household_cards.models import (
    ChangeCause,
    ColourScheme,
    HouseholdCard,
    SchemeState,
)
from services.residents.household_cards.pen import Said
from services.residents.household_cards.schemas import (
    CardOverride,
    CardRead,
    ColourSchemeCreate,
    ColourSchemeRead,
    ColourSchemeUpdate,
    OverriddenCard,
    Recolouring,
    RevealedReason,
    colours_of,
)
from services.residents.households.models import Household
from services.residents.households.service import show as show_households
from services.residents.locks import Lock, hold, share
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.concurrency import check_version
from shared.crypto import DataKey
from shared.db import AsyncSession
from shared.errors import WrongState
from shared.ids import new_id
from shared.vault import Vault

LONGEST_OVERRIDE = timedelta(days=366)


async def draft_scheme(session: AsyncSession, community_code: str, data: ColourSchemeCreate) -> ColourScheme:
    await hold(session, Lock.SCHEME, community_code)
    number = await repository.latest_number(session, community_code) + 1
    scheme = ColourScheme(community_code=community_code, number=number, colours=_stored(data))
    session.add(scheme)
    await session.flush()
    return scheme


async def change_draft(
    session: AsyncSession, principal: Principal, scheme_id: UUID, data: ColourSchemeUpdate, expected: int
) -> ColourScheme:
    scheme = await repository.get_scheme(session, principal, scheme_id, lock=True)
    check_version(scheme.version, expected)
    _require_draft(scheme)
    scheme.colours = _stored(data)
    _touch(scheme)
    await session.flush()
    return scheme


async def publish_scheme(session: AsyncSession, principal: Principal, scheme_id: UUID) -> ColourScheme:
    """Make this the community's scheme; a timer derives every card by it within seconds, batch by batch."""
    await hold(session, Lock.SCHEME, principal.community_code)
    scheme = await repository.get_scheme(session, principal, scheme_id, lock=True)
    _require_draft(scheme)
    previous = await repository.find_published(session, scheme.community_code)
    if previous is not None:
        previous.state = SchemeState.SUPERSEDED
        _touch(previous)
        await session.flush()  # before the next is published: at most one may be
    scheme.state = SchemeState.PUBLISHED
    scheme.published_at, scheme.published_by = utc_now(), principal.subject
    _touch(scheme)
    await session.flush()
    await repository.make_all_due(session, scheme.community_code)
    return scheme


async def show_scheme(session: AsyncSession, scheme: ColourScheme) -> ColourSchemeRead:
    recolouring = await _recolouring(session, scheme)
    return ColourSchemeRead(
        **scheme.model_dump(include={"id", "number", "state", "published_at", "version"}),
        colours=colours_of(scheme),
        households_pending=recolouring.total - recolouring.done if recolouring else 0,
        recolouring=recolouring,
    )


async def _recolouring(session: AsyncSession, scheme: ColourScheme) -> Recolouring | None:
    if scheme.state is not SchemeState.PUBLISHED or scheme.published_at is None:
        return None
    following = await repository.count_following(session, scheme)
    return Recolouring(
        total=following.total,
        done=following.done,
        started_at=scheme.published_at,
        finished_at=scheme.recoloured_at if following.done == following.total else None,
    )


async def override_card(
    session: AsyncSession, vault: Vault, principal: Principal, household: Household, data: CardOverride
) -> HouseholdCard:
    """Staff set the card for a while; it goes back by itself after the last day."""
    today = china_today()
    if not today <= data.until <= today + LONGEST_OVERRIDE:
        raise OverrideDateOutOfRange
    community_code = household.community_code
    await share(session, Lock.SCHEME, community_code)
    scheme = await repository.find_published(session, community_code)
    if scheme is None:
        raise NoScheme
    if data.colour not in {colour.code for colour in colours_of(scheme)}:
        raise ColourUnknown
    key = await vault.key_for(community_code, household.id)
    change_id = new_id()
    said = Said(
        ChangeCause.OVERRIDDEN,
        principal.subject,
        _seal_reason(key, change_id, data.reason),
        change_id,
        Override(data.colour, data.until),
    )
    await derive_households(session, vault, community_code, [household.id], said)
    return await repository.get_card(session, household)


async def clear_override(
    session: AsyncSession, vault: Vault, principal: Principal, household: Household
) -> HouseholdCard:
    await share(session, Lock.SCHEME, household.community_code)
    card = await repository.get_card(session, household, lock=True)
    if card.override_colour is None:
        raise NotOverridden
    said = Said(ChangeCause.OVERRIDE_CLEARED, principal.subject)
    await derive_households(session, vault, household.community_code, [household.id], said)
    return await repository.get_card(session, household)


async def show_card(session: AsyncSession, principal: Principal, card: HouseholdCard) -> CardRead:
    """The card in the words of the scheme by which it was derived."""
    numbers = set() if card.scheme_number is None else {card.scheme_number}
    schemes = await repository.schemes_by_number(session, card.community_code, numbers) if numbers else []
    colour = next((each for scheme in schemes for each in colours_of(scheme) if each.code == card.colour), None)
    knows = principal.role in SEE_FACTS
    return CardRead(
        **card.model_dump(include={"household_id", "colour", "scheme_number", "override_until", "version"}),
        derived_colour=card.derived_colour if knows else card.colour,
        name=colour.name if colour else None,
        meaning=colour.meaning if colour else None,
        visit_interval_days=colour.visit_interval_days if colour else None,
        facts=card.facts if knows else [],
    )


async def show_overridden(
    session: AsyncSession, vault: Vault, principal: Principal, found: Sequence[Mapping[str, Any]]
) -> list[OverriddenCard]:
    """What `repository.overridden_cards` selects, in the order given."""
    households = await show_households(session, vault, principal, [each["Household"] for each in found])
    cards: list[HouseholdCard] = [each["HouseholdCard"] for each in found]
    return [
        OverriddenCard(
            household=household,
            **card.model_dump(include={"colour", "derived_colour", "override_until", "overridden_by"}),
        )
        for household, card in zip(households, cards, strict=True)
    ]


async def reveal_reasons(session: AsyncSession, vault: Vault, household: Household) -> list[RevealedReason]:
    """Why staff overrode this household's card, each time, newest first."""
    changes = await repository.overrides_of(session, household)
    key = await vault.find_key(household.community_code, household.id)
    return [
        RevealedReason(
            change_id=change.id, began_at=change.began_at, reason=_open_reason(key, change.id, change.reason)
        )
        for change in changes
        if key is not None and change.reason is not None
    ]


def _seal_reason(key: DataKey, change_id: UUID, reason: str) -> bytes:
    return key.seal(reason, table="household_card_change", column="reason", row_id=change_id)


def _open_reason(key: DataKey, change_id: UUID, sealed: bytes) -> str:
    return key.open(sealed, table="household_card_change", column="reason", row_id=change_id)


def _stored(data: ColourSchemeCreate | ColourSchemeUpdate) -> list[dict]:
    return [colour.model_dump(mode="json", by_alias=True, exclude_none=True) for colour in data.colours]


def _require_draft(scheme: ColourScheme) -> None:
    if scheme.state is not SchemeState.DRAFT:
        raise WrongState(scheme.state, [SchemeState.DRAFT])


def _touch(scheme: ColourScheme) -> None:
    scheme.version += 1
    scheme.updated_at = utc_now()
