from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.residents.photos.models import PhotoKind


class PhotoRead(BaseModel):
    """A photo without its picture, which is asked for on its own, with a purpose."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: PhotoKind
    width: int
    height: int
    created_at: datetime
