"""From what is known of somebody to the query that finds them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import false

from services.residents.household_cards.repository import find_published
from services.residents.households.service import index_room
from services.residents.people.ages import OLDEST
from services.residents.people.tokens import Tokens
from services.residents.search import repository
from services.residents.search.errors import NothingToSearchBy
from services.residents.search.places import ROOM_SPELLINGS, Fragment, Place, named, number
from services.residents.search.repository import PLACED, Door, Shown, Wish
from services.residents.search.schemas import PersonSearch
from services.residents.search.words import Wanted, colour_name, read_words
from shared.auth import Principal
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.names import parts, query_words

_SHORTEST_COMPOUND = 2


async def understood(
    session: AsyncSession, keyring: Keyring, principal: Principal, query: PersonSearch, today: date
) -> tuple[Shown, list[Any]]:
    """The query that finds whom `query` describes, and its order; NothingToSearchBy if it describes nobody."""
    wanted = wanted_by(query)
    community_code = principal.community_code
    statement = repository.shown(principal, today)
    if query.state != "any":
        statement = repository.in_state(statement, query.state)
    statement = repository.with_tags(statement, wanted.tags, today)
    statement = repository.with_documents(statement, keyring, wanted)
    if wanted.colours:
        colours = await _colours(session, community_code, wanted)
        statement = repository.with_colours(statement, colours) if colours else statement
    for code in wanted.cards:
        card = await repository.find_card(session, community_code, code)
        statement = statement.where(false()) if card is None else repository.with_card(statement, *card)
    tokens = Tokens(keyring, community_code)
    wishes = _personal(tokens, wanted, today)
    wishes += await _placed(session, keyring, tokens, community_code, wanted)
    if not wishes and not _is_narrowed(wanted):
        raise NothingToSearchBy
    return repository.fitting(statement, community_code, wishes, _whole(tokens, wanted, wishes))


def wanted_by(query: PersonSearch) -> Wanted:
    """The words of the box and the fields beside it, as one."""
    wanted = read_words(query.q or "")
    for value, values in (
        (query.name, wanted.names),
        (query.phone, wanted.phones),
        (query.identity_number, wanted.identity_numbers),
        (query.passport, wanted.passports),
        (query.last_four, wanted.last_four),
        (query.colour, wanted.colours),
        (query.card_code, wanted.cards),
    ):
        if value is not None:
            values.append(value)
    if query.birth_on is not None:
        wanted.birth_dates.append(query.birth_on)
    wanted.tags += sorted(query.tags)
    if query.age_from is not None or query.age_to is not None:
        wanted.aged(query.age_from or 0, OLDEST if query.age_to is None else query.age_to)
    if query.compound or query.building or query.unit or query.room:
        address = Fragment(
            query.compound or "", number(query.building or ""), number(query.unit or ""), query.room or ""
        )
        wanted.addresses.append(address)
    if query.name is not None and not query_words(query.name):
        raise NothingToSearchBy
    return wanted


def _is_narrowed(wanted: Wanted) -> bool:
    """Whether anything is asked for that needs no token."""
    return any((wanted.tags, wanted.colours, wanted.cards, wanted.identity_numbers, wanted.passports))


async def _colours(session: AsyncSession, community_code: str, wanted: Wanted) -> list[str]:
    """Codes of the colours that are meant. A word that no colour of this community answers to is a name after all."""
    scheme = await find_published(session, community_code)
    codes: list[str] = []
    for word in wanted.colours:
        known = [
            colour["code"]
            for colour in (scheme.colours if scheme else [])
            if {colour_name(word), word.casefold()} & _names(colour)
        ]
        codes += known
        if not known:
            wanted.words.append(word)
    return codes


def _names(colour: dict[str, Any]) -> set[str]:
    return {colour["code"]} | {colour_name(name) for name in colour["name"].values()}


def _personal(tokens: Tokens, wanted: Wanted, today: date) -> list[Wish]:
    """What must hold of the person themself, apart from the words that may be a compound's as well."""
    alternatives = [each for name in wanted.names for each in tokens.names(name)]
    alternatives += [tokens.phone(phone) for phone in wanted.phones]
    alternatives += [tokens.last_four(digits) for digits in wanted.last_four]
    alternatives += [tokens.birth_date(day) for day in wanted.birth_dates]
    if wanted.is_aged():
        alternatives.append(tokens.ages(wanted.youngest, wanted.oldest, today))
    return [Wish(each) for each in alternatives]


async def _placed(
    session: AsyncSession, keyring: Keyring, tokens: Tokens, community_code: str, wanted: Wanted
) -> list[Wish]:
    """Words, each of a name or of a compound's name, and the address."""
    words = [(word, _may_be_compound(word, wanted)) for word in wanted.words]
    needed = bool(wanted.addresses) or any(may_be for _, may_be in words)
    places = await repository.places(session, community_code) if needed else []
    wishes: list[Wish] = []
    for word, may_be_compound in words:
        meant = [place for place in places if may_be_compound and named(word, place.compound)]
        doors = [Door(place, fit=PLACED) for place in meant]
        names = tokens.names(word)
        wishes += [Wish(each, doors) for each in names]
    if wanted.addresses:
        wishes.append(Wish(doors=list(_doors(keyring, wanted.addresses, places))))
    return wishes


def _may_be_compound(word: str, wanted: Wanted) -> bool:
    """Two Chinese characters may; letters only beside an address, since every initial begins some compound."""
    return len(word) >= _SHORTEST_COMPOUND and (not word.isascii() or bool(wanted.addresses))


def _doors(keyring: Keyring, addresses: Sequence[Fragment], places: Iterable[Place]) -> Iterable[Door]:
    rooms = {fragment.room for fragment in addresses if fragment.room}
    for place in places:
        if not all(fragment.matches(place) for fragment in addresses):
            continue
        if not rooms:
            yield Door(place)
        for room in rooms:
            for spelling in ROOM_SPELLINGS:
                yield Door(place, index_room(keyring, *place, room + spelling))


def _whole(tokens: Tokens, wanted: Wanted, wishes: Sequence[Wish]) -> list[bytes]:
    """What people are ranked by. A name of one piece ranks by that piece alone."""
    text = " ".join([*wanted.names, *wanted.words])
    whole = tokens.whole_name(text) if parts(text) else []
    return [] if any(set(wish.tokens) == set(whole) for wish in wishes) else whole
