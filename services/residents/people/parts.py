"""Endpoints of what belongs to a person: tags and family contacts."""

from uuid import UUID

from fastapi import Response, status
from sqlmodel import col

from services.residents.people import family_contacts, repository, tags
from services.residents.people.auth import ContactsWrite, PeopleReveal, PeopleWrite
from services.residents.people.models import PersonTag
from services.residents.people.schemas import ContactAdd, ContactMasked, ContactOrder, TagGrant, TagRead
from services.residents.rights.reach import get_subject
from shared.concurrency import IfMatch, etag
from shared.pagination import Page, PageRequest, paginate
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/people/{person_id}", tags=["people"])


@router.get("/tags", response_model=Page[TagRead])
async def list_tags(
    principal: PeopleReveal, session: Session, vault: VaultDep, person_id: UUID, page: PageRequest
) -> Page[TagRead]:
    """Every tag the person has or had, the newest first. Residents see their own and their ward's."""
    person = (await get_subject(session, vault, principal, person_id)).person
    statement = repository.tags_of(person)
    return await paginate(session, statement, order_by=(col(PersonTag.id).desc(),), page=page, to_item=tags.show_tag)


@router.post("/tags", response_model=TagRead, status_code=status.HTTP_201_CREATED)
async def grant_tag(
    principal: PeopleWrite, session: Session, vault: VaultDep, person_id: UUID, data: TagGrant, response: Response
) -> TagRead:
    """The household's card follows at once."""
    tag = await tags.grant_tag(session, vault, principal, person_id, data)
    response.headers["Location"] = f"/v1/people/{person_id}/tags/{tag.id}"
    response.headers["ETag"] = etag(tag.version)
    return tags.show_tag(tag)


@router.post("/tags/{tag_id}/revoke", response_model=TagRead)
async def revoke_tag(
    principal: PeopleWrite, session: Session, vault: VaultDep, person_id: UUID, tag_id: UUID
) -> TagRead:
    """The tag no longer holds; it stays on record."""
    return tags.show_tag(await tags.revoke_tag(session, vault, principal, person_id, tag_id))


@router.delete("/tags/{tag_id}", response_model=TagRead)
async def delete_tag(
    principal: PeopleWrite, session: Session, vault: VaultDep, person_id: UUID, tag_id: UUID, expected: IfMatch
) -> TagRead:
    """The same as revoking it, for clients that delete."""
    return tags.show_tag(await tags.revoke_tag(session, vault, principal, person_id, tag_id, expected))


@router.get("/family-contacts", response_model=list[ContactMasked])
async def list_contacts(
    principal: ContactsWrite, session: Session, vault: VaultDep, person_id: UUID
) -> list[ContactMasked]:
    """Whom to call, in this order, masked; reveal the person's `family_contacts` to call them."""
    return await family_contacts.list_contacts(session, vault, principal, person_id)


@router.post("/family-contacts", response_model=list[ContactMasked], status_code=status.HTTP_201_CREATED)
async def add_contact(
    principal: ContactsWrite, session: Session, vault: VaultDep, person_id: UUID, data: ContactAdd
) -> list[ContactMasked]:
    """Add someone to call after the others. Answers the whole list."""
    return await family_contacts.add_contact(session, vault, principal, person_id, data)


@router.post("/family-contacts/reorder", response_model=list[ContactMasked])
async def reorder_contacts(
    principal: ContactsWrite, session: Session, vault: VaultDep, person_id: UUID, data: ContactOrder
) -> list[ContactMasked]:
    return await family_contacts.reorder_contacts(session, vault, principal, person_id, data.contact_ids)


@router.post("/family-contacts/{contact_id}/remove", response_model=list[ContactMasked])
async def remove_contact(
    principal: ContactsWrite, session: Session, vault: VaultDep, person_id: UUID, contact_id: UUID
) -> list[ContactMasked]:
    """Remove one; those after it move up."""
    return await family_contacts.remove_contact(session, vault, principal, person_id, contact_id)
