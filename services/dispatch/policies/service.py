"""Use cases of dispatch policies. They flush and never commit: the edge does."""

from services.dispatch.policies import repository
from services.dispatch.policies.models import DispatchPolicy
from services.dispatch.policies.schemas import PolicyRules
from shared.auth import Principal
from shared.db import AsyncSession


async def publish_policy(session: AsyncSession, principal: Principal, rules: PolicyRules) -> DispatchPolicy:
    """Put a new version in force for work that arrives from now on. Two at once: the second is told of a conflict."""
    policy = DispatchPolicy(
        community_code=principal.community_code,
        number=await repository.current_number(session, principal.community_code) + 1,
        rules=rules.model_dump(mode="json"),
        published_by=principal.subject,
    )
    session.add(policy)
    await session.flush()
    return policy
