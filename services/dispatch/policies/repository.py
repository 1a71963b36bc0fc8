from sqlalchemy import Select, func, select
from sqlmodel import col

from services.dispatch.policies.models import DispatchPolicy
from services.dispatch.policies.schemas import DEFAULT_RULES, PolicyRules
from shared.auth import Principal
from shared.conditions import in_area
from shared.db import AsyncSession


def readable(principal: Principal) -> Select[DispatchPolicy]:
    """The policies that this principal may see; every query of policies for a person starts here."""
    return select(DispatchPolicy).where(in_area(DispatchPolicy.community_code, principal.area))


async def current_number(session: AsyncSession, community_code: str) -> int:
    """The version in force; 0 stands for the defaults."""
    newest = select(func.max(col(DispatchPolicy.number))).where(col(DispatchPolicy.community_code) == community_code)
    return (await session.execute(newest)).scalar_one() or 0


async def rules_of(session: AsyncSession, community_code: str, number: int) -> PolicyRules:
    if number == 0:
        return DEFAULT_RULES
    statement = select(col(DispatchPolicy.rules)).where(
        col(DispatchPolicy.community_code) == community_code, col(DispatchPolicy.number) == number
    )
    return PolicyRules.model_validate((await session.execute(statement)).scalar_one())
