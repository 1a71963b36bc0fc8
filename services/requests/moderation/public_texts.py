"""What everybody may read of a request. Nothing that a person wrote is public until the office has released it."""

from pydantic import BaseModel

from services.requests.categories.models import Privacy
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.texts import REQUEST, Keys
from shared.clock import utc_now
from shared.crypto import DataKey

_COLUMN = "released"


class PublicText(BaseModel):
    title: str | None = None
    description: str | None = None


def is_public(request: ServiceRequest) -> bool:
    """Whether anybody may know of the request at all: a matter of public space that no mediation has closed."""
    return request.privacy is Privacy.PUBLIC and not request.confidential


def release(request: ServiceRequest, key: DataKey, words: PublicText) -> None:
    """Let everybody read these words. They are sealed under the requester's key: erasing them takes them back."""
    request.released_sealed = key.seal(words.model_dump_json(), table=REQUEST, column=_COLUMN, row_id=request.id)
    request.released_at = utc_now()


def take_back(request: ServiceRequest) -> bool:
    """Nothing of the request is public any more; False if nothing was."""
    was_public = request.released_sealed is not None
    request.released_sealed = request.released_at = None
    return was_public


def released_words(request: ServiceRequest, keys: Keys) -> PublicText | None:
    """Title and description as released; `keys` are those of `texts.keys_of`. None: nothing is public."""
    if not is_public(request):
        return None
    key = keys.get((request.community_code, request.key_subject_id))
    if key is None or request.released_sealed is None:
        return None
    opened = key.open(request.released_sealed, table=REQUEST, column=_COLUMN, row_id=request.id)
    return PublicText.model_validate_json(opened)


def public_text(request: ServiceRequest, keys: Keys) -> str | None:
    """The same as one text, for lists and interfaces that know one only."""
    words = released_words(request, keys)
    return ("\n".join(filter(None, (words.title, words.description))) or None) if words else None
