from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response, status
from sqlmodel import col

from services.merchants.alliance.auth import MerchantsEdit, MerchantsRead
from services.merchants.alliance.repository import get_merchant
from services.merchants.items import repository, service
from services.merchants.items.models import Item
from services.merchants.items.schemas import ItemCreate, ItemRead, ItemUpdate
from services.merchants.schemas import Category
from shared.concurrency import IfMatch, tag_response
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session

router = Router(prefix="/v1/merchants/{merchant_id}/items", tags=["merchants"])


@router.get("", response_model=Page[ItemRead])
async def list_items(
    *,
    principal: MerchantsRead,
    session: Session,
    merchant_id: UUID,
    page: PageRequest,
    category: Annotated[Category | None, Query()] = None,
    active: Annotated[bool | None, Query()] = None,
) -> Page[Item]:
    """What a shop sells, in the order in which it was added."""
    statement = repository.items_of(await get_merchant(session, principal, merchant_id))
    if category is not None:
        statement = statement.where(col(Item.category) == category)
    if active is not None:
        statement = statement.where(col(Item.active).is_(active))
    return await paginate(session, statement, order_by=(col(Item.id),), page=page)


@router.post("", response_model=ItemRead, status_code=status.HTTP_201_CREATED)
async def add_item(
    principal: MerchantsEdit, session: Session, merchant_id: UUID, data: ItemCreate, response: Response
) -> Item:
    item = await service.add_item(session, principal, merchant_id, data)
    response.headers["Location"] = f"/v1/merchants/{merchant_id}/items/{item.id}"
    return item


@router.get("/{id}", response_model=ItemRead)
async def get_item(
    principal: MerchantsRead, session: Session, merchant_id: UUID, id: UUID, request: Request, response: Response
) -> Item:
    item = await repository.get_item(session, await get_merchant(session, principal, merchant_id), id)
    tag_response(request, response, item.version)
    return item


@router.patch("/{id}", response_model=ItemRead)
async def update_item(
    principal: MerchantsEdit, session: Session, merchant_id: UUID, id: UUID, data: ItemUpdate, expected: IfMatch
) -> Item:
    return await service.update_item(session, principal, merchant_id, id, data, expected)
