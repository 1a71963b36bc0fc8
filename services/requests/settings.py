from pydantic import SecretStr

from shared.settings import ServiceSettings, environment


class Settings(ServiceSettings):
    """REQUESTS_* variables."""

    model_config = environment("REQUESTS_")

    public_url: str
    """The gateway as the outside sees it: links to the tracking page begin with it."""
    files_url: str
    """Where photos are kept, sealed: `file:///folder` or `s3://bucket/prefix`."""
    files_options: SecretStr = SecretStr("")
    """For S3, a JSON object: `{"endpoint": …, "region": …, "access_key_id": …, "secret_access_key": …}`."""
