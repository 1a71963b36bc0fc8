"""Who can sign in to the demo community."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from shared.auth import Role
from shared.codes import EVERYWHERE
from stack.demo.access import Opened
from stack.demo.places import COMMUNITY_CODE
from stack.demo.staff import PASSWORD, STAFF, demo_units, demo_workers

DAUGHTER_PHONE = "19900006623"
"""The first story's daughter; held against the generated people by a test."""
PARTNER_CLIENT = "demo-partner"
PARTNER_API_KEY = "demo-open311-key"
"""What the pages on Open311 show for pasting: anyone may know it, and what it opens is a demo."""
PARTNER_GRANTS = ["requests:read", "requests:write", "grids:read"]


@dataclass(frozen=True)
class Shown:
    """A line of the banner."""

    role: str
    sign_in: str


ACCOUNTS = (
    Shown("居民 resident", f"{DAUGHTER_PHONE} + 一次性验证码 one-time code"),
    Shown("网格员 grid worker", f"worker01 / {PASSWORD}"),
    Shown("派出所、司法所 police, judicial office", f"police, judicial / {PASSWORD}"),
    Shown("社区工作人员 staff", f"staff / {PASSWORD}"),
    Shown("社区主任 head", f"head / {PASSWORD}"),
    Shown("督导 supervisor", f"supervisor / {PASSWORD}"),
    Shown("商户 merchant", f"shop01 / {PASSWORD}"),
)


async def load_accounts(gateway: Opened, responders: Mapping[str, UUID], shops: Mapping[str, UUID]) -> None:
    """Accounts of staff, workers and shops, and a partner's client; those that exist stay as they are."""
    from gateway.accounts.passwords import hash_password  # noqa: PLC0415
    from gateway.accounts.repository import find_by_username, find_client  # noqa: PLC0415
    from gateway.accounts.service import NewAccount, create_account, create_client  # noqa: PLC0415
    from gateway.open311.keys import create_api_key  # noqa: PLC0415

    wanted = [NewAccount(role=Role(each.role), area=each.area, username=each.username) for each in STAFF]
    wanted += [
        NewAccount(
            role=Role.GRID_WORKER,
            area=COMMUNITY_CODE,
            username=worker.username,
            grids=tuple(grid.code for grid in (worker.own_grid, *worker.backup_grids) if grid),
            responder_id=responders.get(worker.username),
        )
        for worker in demo_workers()
    ]
    wanted += [
        NewAccount(
            role=Role.RESPONDER,
            area=COMMUNITY_CODE,
            username=unit.username,
            responder_id=responders.get(unit.username),
        )
        for unit in demo_units()
        if unit.username
    ]
    wanted += [
        NewAccount(role=Role.MERCHANT, area=COMMUNITY_CODE, username=username, merchant_id=merchant_id)
        for username, merchant_id in shops.items()
    ]
    shared_hash = await hash_password(PASSWORD)
    async with gateway.transaction(EVERYWHERE) as session:
        for account in wanted:
            if await find_by_username(session, account.username or "") is None:
                await create_account(session, gateway.keyring, account, password_hash=shared_hash)
        if await find_client(session, PARTNER_CLIENT) is None:
            await create_client(session, PARTNER_CLIENT, area=COMMUNITY_CODE, grants=PARTNER_GRANTS)
            await create_api_key(session, PARTNER_CLIENT, key=PARTNER_API_KEY)
