from shared.settings import ServiceSettings, environment


class Settings(ServiceSettings):
    """MERCHANTS_* variables."""

    model_config = environment("MERCHANTS_")

    attestation_key: str
    """Ed25519 public key (base64url of 32 bytes) of residents, who attest that somebody is eligible. Not secret."""
