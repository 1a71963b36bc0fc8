from pydantic import SecretStr

from services.requests.abuse.limits import USUAL, Limits
from shared.settings import ServiceSettings, environment


class Settings(ServiceSettings):
    """REQUESTS_* variables."""

    model_config = environment("REQUESTS_")

    public_url: str
    """The gateway as the outside sees it: links to the tracking page begin with it."""
    person_per_10_minutes: int = USUAL.person_per_10_minutes
    """How many requests a person or a phone may submit within ten minutes; urgent ones three times as many."""
    person_per_day: int = USUAL.person_per_day
    client_per_10_minutes: int = USUAL.client_per_10_minutes
    """A partner's client, in one community."""
    anonymous_per_day: int = USUAL.anonymous_per_day
    """By one person."""
    files_url: str
    """Where photos are kept, sealed: `file:///folder` or `s3://bucket/prefix`."""
    files_options: SecretStr = SecretStr("")
    """For S3, a JSON object: `{"endpoint": …, "region": …, "access_key_id": …, "secret_access_key": …}`."""

    @property
    def intake_limits(self) -> Limits:
        return Limits(
            self.person_per_10_minutes, self.person_per_day, self.client_per_10_minutes, self.anonymous_per_day
        )
