"""What merchants listens to, by source service and event type."""

from services.merchants.holders.service import follow_merge_undone, follow_merged
from services.merchants.redemptions.erasure import forget_person
from shared.consumer import Handlers
from shared.crypto import Keyring


def consumers(keyring: Keyring) -> dict[str, Handlers]:
    """The handlers; they need the keys, since a person is known by a pseudonym only."""
    return {
        "residents": {
            "residents.person_erased.v1": forget_person(keyring),
            "residents.person_merged.v1": follow_merged(keyring),
            "residents.person_merge_undone.v1": follow_merge_undone(keyring),
        }
    }
