"""What merchants listens to, by source service and event type."""

from services.merchants.redemptions.erasure import forget_person
from shared.consumer import Handlers
from shared.crypto import Keyring


def consumers(keyring: Keyring) -> dict[str, Handlers]:
    """The handlers; erasure needs the keys."""
    return {"residents": {"residents.person_erased.v1": forget_person(keyring)}}
