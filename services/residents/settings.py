from datetime import timedelta

from pydantic import Field, SecretStr

from services.residents.retention.kinds import RetentionKind
from shared.settings import ServiceSettings, environment


class Settings(ServiceSettings):
    """RESIDENTS_* variables."""

    model_config = environment("RESIDENTS_")

    public_url: str
    """The gateway as the outside sees it: QR codes on contact cards begin with it."""
    attestation_key: SecretStr
    """Ed25519 private key (base64url of 32 bytes) that signs eligibility; merchants hold the public half."""
    files_url: str
    """Where photos and sheets are kept, sealed: `file:///folder` or `s3://bucket/prefix`."""
    files_options: SecretStr = SecretStr("")
    """For S3, a JSON object: `{"endpoint": …, "region": …, "access_key_id": …, "secret_access_key": …}`."""
    found_person_identify_within: timedelta = timedelta(minutes=30)
    """A found person not identified by then is overdue: the duty desk is advised to call the police (110)."""
    found_person_hand_over_within: timedelta = timedelta(hours=2)
    """The same for a found person not handed over, counted from the report."""
    found_person_retention: timedelta = timedelta(days=180)
    """How long what people wrote in a closed case can be read; then the case's data key is destroyed."""
    import_retention: timedelta = timedelta(days=7)
    """How long an uploaded sheet can be checked, run and reported on; then it is destroyed."""
    card_scans_per_minute: int = 60
    """How often one contact card may be read in a minute, by whomever."""
    card_scan_retention: timedelta = timedelta(days=180)
    """How long it is kept when a card was read."""
    export_retention: timedelta = timedelta(hours=24)
    """How long an export can be downloaded; then it is destroyed."""
    export_downloads: int = 5
    """How often an export can be downloaded."""
    retention_days: dict[RetentionKind, int] = Field(default_factory=dict)
    """JSON, e.g. `{"moved_out_people": 365}`: where this installation keeps longer or shorter than the product says.

    Never shorter than what has to be kept; communities may set their own.
    """
