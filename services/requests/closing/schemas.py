from services.requests.service_requests.schemas import Schema
from services.requests.service_requests.vocabulary import CallbackChannel
from shared.identity import FreeText


class Callback(Schema):
    how: CallbackChannel | None = None
    """Needed when the office writes down what the requester said; absent when they say it themselves."""
    satisfied: bool | None = None
    text: FreeText | None = None
