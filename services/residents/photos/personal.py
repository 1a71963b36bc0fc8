"""That there is a photo of a person; the picture itself is asked for on its own."""

from services.residents.people.models import Person
from services.residents.photos import repository
from services.residents.sections import Section, section_of
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault


async def photos_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    photos = (await session.execute(repository.photos_of(person.community_code, person.id))).scalars()
    return section_of(
        "photos",
        both("照片", "Photos"),
        {
            "photo_id": both("编号", "Photo"),
            "taken_at": both("上传时间", "Received"),
            "taken_by": both("上传账号", "Received from"),
            "width": both("宽 (像素)", "Width (pixels)"),
            "height": both("高 (像素)", "Height (pixels)"),
        },
        [{"photo_id": photo.id, "taken_at": photo.created_at, **photo.model_dump(include=_SHOWN)} for photo in photos],
    )


_SHOWN = {"taken_by", "width", "height"}
