from fastapi import status

from services.dispatch.policies import repository, service
from services.dispatch.policies.auth import PoliciesPublish, PoliciesRead
from services.dispatch.policies.models import DispatchPolicy
from services.dispatch.policies.schemas import PolicyRead, PolicyRules
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/dispatch-policies", tags=["dispatch policies"])


@router.get("", response_model=Page[PolicyRead])
async def list_policies(principal: PoliciesRead, session: Session, page: PageRequest) -> Page[DispatchPolicy]:
    """Every version that was ever in force; none means that the defaults are."""
    order = (DispatchPolicy.community_code, DispatchPolicy.number)
    return await paginate(session, repository.readable(principal), order_by=order, page=page)


@router.post("", response_model=PolicyRead, status_code=status.HTTP_201_CREATED)
async def publish_policy(principal: PoliciesPublish, session: Session, rules: PolicyRules) -> DispatchPolicy:
    """Put new rules in force for work that arrives from now on."""
    return await service.publish_policy(session, principal, rules)
