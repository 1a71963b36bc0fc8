from shared.settings import ServiceSettings, environment


class Settings(ServiceSettings):
    """REQUESTS_* variables."""

    model_config = environment("REQUESTS_")
