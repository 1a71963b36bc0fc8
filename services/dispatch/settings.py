from shared.settings import ServiceSettings, environment


class Settings(ServiceSettings):
    """DISPATCH_* variables."""

    model_config = environment("DISPATCH_")
