"""Whoever was erased after a backup was made is erased again when it is restored, by the use cases of the first time.

A destroyed key makes a person unreadable, but a restored registry would still find them by its blind indexes. So the
registry erases them once more, its event makes the other services follow, and the gateway ends their accounts.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from stack.connections import database_of, keyring_of
from stack.topology import GATEWAY, RESIDENTS


async def repeat_erasures(variables: Mapping[str, str], erased: Iterable[Sequence[str]]) -> None:
    """Repeat the registry's erasures, [community, subject] each, in databases that are at the newest revision.

    Subjects that are no person (a case of a found person) are unreadable without their keys, and nothing finds them.
    """
    subjects: dict[str, set[UUID]] = defaultdict(set)
    for community_code, subject in erased:
        subjects[community_code].add(UUID(subject))
    if subjects:
        await _in_registry(variables, subjects)
        await _in_gateway(variables, set().union(*subjects.values()))


async def _in_registry(variables: Mapping[str, str], subjects: Mapping[str, set[UUID]]) -> None:
    from services.residents.people.access import repeat_erasures  # noqa: PLC0415
    from shared.audit import signer_from  # noqa: PLC0415
    from shared.vault import Vault  # noqa: PLC0415

    keyring = keyring_of(variables, RESIDENTS)
    signer = signer_from(variables[f"{RESIDENTS.prefix}SIGNING_KEY"])
    async with database_of(variables, RESIDENTS) as database:
        for community_code, ids in sorted(subjects.items()):
            async with database.transaction(community_code) as session:
                await repeat_erasures(session, Vault(session, keyring), signer, community_code, ids)


async def _in_gateway(variables: Mapping[str, str], subjects: set[UUID]) -> None:
    from gateway.accounts.repository import delete_accounts_of_person  # noqa: PLC0415
    from gateway.tables import GLOBAL  # noqa: PLC0415

    async with database_of(variables, GATEWAY) as database, database.transaction(GLOBAL) as session:
        for subject in sorted(subjects):
            await delete_accounts_of_person(session, subject)
