"""A request goes to another category, grid or unit (转办).

What it was promised stays: the policy version, the urgency and the clock are those of its submission, so that nobody
gains time by passing it on. Who was asked first stays answerable until another has accepted (首接负责).
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.requests.categories.forms import answers_that_fit, check_answers
from services.requests.categories.models import Privacy
from services.requests.service_requests import repository
from services.requests.service_requests.errors import CategoryClosed
from services.requests.service_requests.models import ServiceRequest, Step
from services.requests.service_requests.service import step
from services.requests.service_requests.states import Action, after
from services.requests.service_requests.texts import content_of, key_for_writing, keys_of, seal
from services.requests.transfers.schemas import Transfer
from shared.auth import Principal
from shared.db import AsyncSession
from shared.errors import invalid
from shared.vault import Vault

_STRICTNESS = (Privacy.PUBLIC, Privacy.PRIVATE, Privacy.CONFIDENTIAL)


async def transfer(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: Transfer
) -> ServiceRequest:
    """Pass a request on; its requester reads why, and dispatch asks whoever is right for it now."""
    request = await repository.lock_request(session, principal, request_id)
    after(request.state, Action.TRANSFER)
    detail = {"category_before": request.category_code, "grid_before": request.grid_code}
    if data.grid_code is not None:
        if not data.grid_code.startswith(request.community_code):
            raise invalid("/grid_code", "unknown", "不是本社区的网格", "Not a grid of this community")
        request.grid_code = data.grid_code
    if data.category is not None and data.category != request.category_code:
        detail["responder_kind"] = await _change_category(session, vault, request, data)
    detail |= {
        "category": request.category_code,
        "grid": request.grid_code,
        "to_responder_id": str(data.responder_id) if data.responder_id else None,
    }
    return await step(session, vault, principal, request, Step.TRANSFERRED, text=data.text, detail=detail)


async def _change_category(session: AsyncSession, vault: Vault, request: ServiceRequest, data: Transfer) -> str:
    """Returns who usually answers for the new category."""
    assert data.category is not None
    terms = await repository.read_for_intake(
        session, request.community_code, data.category, urgency=None, address=None, key_subject_id=None
    )
    if terms is None:
        raise invalid("/category", "unknown", "没有这个类别", "No such category; see /v1/categories")
    if not terms.active:
        raise CategoryClosed
    await _carry_answers(vault, request, terms, data.attributes)
    request.category_code = data.category
    request.category_class = data.category.partition(".")[0]
    request.category_version = terms.category_version
    request.privacy = max(request.privacy, terms.privacy, key=_STRICTNESS.index)
    if request.privacy is not Privacy.PUBLIC:
        request.longitude = request.latitude = None
    return terms.responder_kind.value


async def _carry_answers(vault: Vault, request: ServiceRequest, terms: Row[Any], new: dict[str, Any]) -> None:
    """Keep the answers that the new category asks for too, beside the new ones; Invalid if one is missing."""
    keys = await keys_of(vault, [request])
    content = content_of(request, keys)
    kept = answers_that_fit(terms.form, content.attributes)
    content.attributes = check_answers(terms.form, kept | new)
    if not content.is_empty:
        key = await key_for_writing(vault, request.community_code, request.key_subject_id)
        request.content_sealed = seal(key, content, request.id)
