from pydantic import SecretStr

from shared.settings import CommonSettings, environment


class Settings(CommonSettings):
    """GATEWAY_* variables."""

    model_config = environment("GATEWAY_")

    public_url: str
    """What people and tokens see, e.g. https://kaiyuan.example; also the base of every contact card's QR."""
    residents_url: str
    requests_url: str
    merchants_url: str
    dispatch_url: str
    provider_jwks_url: str = ""
    """The key set of an external OpenID provider that replaces the gateway's own sign-in; empty: the gateway's own."""
    rate_limit_factor: int = 1
    """Multiplies what every rate limit allows: load tests drive hundreds of callers from one address."""
    metrics_token: SecretStr = SecretStr("")
    """A bearer of this may read `/metrics` from elsewhere; without it only this machine may."""
    fallback_hotline: str = "12345"
    """Shown where a community's own number is not known: the citizens' hotline (政务服务便民热线)."""
    open311_test_url: str = ""
    """The Open311 base of a test installation, for the discovery document; empty: clients are tried out here."""
