"""Loads the demo community through the services' own use cases; what is there already is passed over.

Each step is one transaction and looks for its own effect first, so a load that was interrupted is simply run again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from shared.clock import utc_now
from shared.db import AsyncSession
from shared.grid_directory import grid_boundary
from stack.demo.access import LOADER, Opened, opened
from stack.demo.accounts import load_accounts
from stack.demo.merchants import load_merchants
from stack.demo.people import demo_households
from stack.demo.places import COMMUNITY_CODE, COMMUNITY_NAME, COMMUNITY_NAME_EN, HOTLINE, demo_grids
from stack.demo.residents import load_cards, load_registry
from stack.demo.staff import demo_units, demo_workers

Report = Callable[[str], None]
WORKER_CAPACITY = 4
"""Open orders before others help: simulated, this keeps two thirds of the work in its own grid with short waits."""
DIRECTORY_SECONDS = 30
"""How long the grids may take to reach the residents service by event."""


async def load(environment: Mapping[str, str], report: Report, *, households: int | None = None) -> None:
    """Load everything: ground and staff, categories, people, cards, shops, accounts.

    `households` is how many of the 3,000 move in; None: all.
    """
    drawing = asyncio.create_task(asyncio.to_thread(demo_households))
    async with opened(environment, "dispatch") as dispatch, opened(environment, "residents") as residents:
        report("网格与队伍 / grids and responders")
        responders = await _load_dispatch(dispatch)
        async with opened(environment, "requests") as requests:
            await _load_categories(requests)
        async with opened(environment, "merchants") as merchants:
            report("商铺与优惠 / shops and offers")
            shops = await load_merchants(merchants)
        await _grids_known(residents)
        report("3,000 户 8,000 人 / 3,000 households, 8,000 people")
        await load_registry(residents, (await drawing)[:households])
        await load_cards(residents)
    async with opened(environment, "gateway") as gateway:
        report("账号 / accounts")
        await load_accounts(gateway, responders, shops)


async def _load_dispatch(dispatch: Opened) -> dict[str, UUID]:
    """Grids, responders, duty desk. Returns the responder of each user name."""
    from services.dispatch.communities.repository import find_community  # noqa: PLC0415

    async with dispatch.transaction() as session:
        if await find_community(session, COMMUNITY_CODE) is None:
            return await _make_dispatch(session, dispatch)
    async with dispatch.transaction() as session:
        return await _known_workers(session, dispatch)


async def _make_dispatch(session: AsyncSession, dispatch: Opened) -> dict[str, UUID]:
    from services.dispatch.communities import service as communities  # noqa: PLC0415
    from services.dispatch.communities.schemas import CommunityCreate, CommunityUpdate  # noqa: PLC0415
    from services.dispatch.grids import service as grids  # noqa: PLC0415
    from services.dispatch.grids.schemas import GridCreate, GridPublish, WorkerAssign  # noqa: PLC0415

    profile = CommunityCreate(
        community_code=COMMUNITY_CODE, name=COMMUNITY_NAME, name_en=COMMUNITY_NAME_EN, hotline=HOTLINE
    )
    await communities.register_community(session, profile)
    responders, desk = await _register_responders(session, dispatch)
    workers = demo_workers()
    backup_of = {grid.code: worker.username for worker in workers for grid in worker.backup_grids}
    own_of = {worker.own_grid.code: worker.username for worker in workers if worker.own_grid}
    for grid in demo_grids():
        await grids.create_grid(session, LOADER, GridCreate(code=grid.code, name=grid.name))
        addresses = [{"compound": grid.compound, "building": building} for building in grid.buildings]
        published = GridPublish.model_validate({"boundary": grid.boundary, "addresses": addresses})
        await grids.publish_grid(session, LOADER, grid.code, published)
        assigned = WorkerAssign(
            responder_id=responders[own_of[grid.code]], backup_responder_id=responders[backup_of[grid.code]]
        )
        await grids.assign_worker(session, grid.code, assigned)
    await communities.update_community(session, COMMUNITY_CODE, CommunityUpdate(duty_desk_id=desk), 1)
    return responders


async def _register_responders(session: AsyncSession, dispatch: Opened) -> tuple[dict[str, UUID], UUID]:
    from services.dispatch.responders.models import Force, ResponderKind  # noqa: PLC0415
    from services.dispatch.responders.schemas import ResponderCreate  # noqa: PLC0415
    from services.dispatch.responders.service import register_responders  # noqa: PLC0415
    from shared.vault import Vault  # noqa: PLC0415

    workers, units = demo_workers(), demo_units()
    wanted = [
        ResponderCreate(
            force=Force.COMMUNITY,
            kind=ResponderKind.GRID_WORKER if worker.own_grid else ResponderKind.BACKUP,
            name=worker.name,
            phone=worker.phone,
            home_grid_code=worker.home_grid.code,
            capacity=WORKER_CAPACITY,
        )
        for worker in workers
    ]
    desk = ResponderCreate(force=Force.COMMUNITY, kind=ResponderKind.DUTY_DESK, name="值班台", phone=HOTLINE)
    others = [
        ResponderCreate(
            force=Force(unit.force),
            kind=ResponderKind.UNIT,
            name=unit.name,
            phone=unit.phone,
            skills=list(unit.skills),
            uscc=unit.uscc,
        )
        for unit in units
    ]
    made = await register_responders(
        session, Vault(session, dispatch.keyring), COMMUNITY_CODE, [*wanted, desk, *others]
    )
    by_username = {worker.username: row.id for worker, row in zip(workers, made, strict=False)}
    for unit, row in zip(units, made[len(workers) + 1 :], strict=True):
        if unit.username:
            by_username[unit.username] = row.id
    return by_username, made[len(workers)].id


async def _known_workers(session: AsyncSession, dispatch: Opened) -> dict[str, UUID]:
    """Those of an earlier load, by home grid or credit code: user names are not stored in dispatch."""
    from services.dispatch.grids.models import Grid  # noqa: PLC0415
    from services.dispatch.responders.models import Responder  # noqa: PLC0415

    grids = await session.scalars(select(Grid).where(col(Grid.community_code) == COMMUNITY_CODE))
    own = {grid.code: grid.responder_id for grid in grids}
    units = await session.scalars(select(Responder).where(col(Responder.uscc).is_not(None)))
    by_uscc = {unit.uscc: unit.id for unit in units}
    known = {unit.username: by_uscc[unit.uscc] for unit in demo_units() if unit.username and unit.uscc in by_uscc}
    return known | {
        worker.username: responder_id
        for worker in demo_workers()
        if worker.own_grid and (responder_id := own.get(worker.own_grid.code))
    }


async def _load_categories(requests: Opened) -> None:
    from services.requests.categories.service import seed_categories  # noqa: PLC0415

    async with requests.transaction() as session:
        await seed_categories(session, COMMUNITY_CODE)


async def _grids_known(residents: Opened) -> None:
    """Wait until the published grids have arrived, so that households find theirs at once."""

    async def known() -> bool:
        async with residents.transaction() as session:
            count = select(func.count()).where(grid_boundary.c.community_code == COMMUNITY_CODE)
            return (await session.execute(count)).scalar_one() == len(demo_grids())

    await until(known, timedelta(seconds=DIRECTORY_SECONDS), "the grids did not reach the residents service")


async def until(holds: Callable[[], Awaitable[bool]], within: timedelta, otherwise: str) -> None:
    """Ask again and again until it holds; TimeoutError says `otherwise`."""
    deadline = utc_now() + within
    while not await holds():
        if utc_now() > deadline:
            raise TimeoutError(otherwise)
        await asyncio.sleep(0.05)
