from sqlalchemy import Select, func, select

from services.dispatch.policies.models import DispatchPolicy
from services.dispatch.policies.schemas import DEFAULT_RULES, PolicyRules
from services.dispatch.tables import in_area
from shared.auth import Principal
from shared.db import AsyncSession


def readable(principal: Principal) -> Select[tuple[DispatchPolicy]]:
    """The policies that this principal may see; every query of policies for a person starts here."""
    return select(DispatchPolicy).where(in_area(DispatchPolicy.community_code, principal.area))


async def current_number(session: AsyncSession, community_code: str) -> int:
    """The version in force; 0 stands for the defaults."""
    newest = select(func.max(DispatchPolicy.number)).where(DispatchPolicy.community_code == community_code)
    return (await session.execute(newest)).scalar_one() or 0


async def rules_of(session: AsyncSession, community_code: str, number: int) -> PolicyRules:
    if number == 0:
        return DEFAULT_RULES
    statement = select(DispatchPolicy.rules).where(
        DispatchPolicy.community_code == community_code, DispatchPolicy.number == number
    )
    return PolicyRules.model_validate((await session.execute(statement)).scalar_one())
