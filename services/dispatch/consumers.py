"""What dispatch listens to, by source service and event type."""

from shared.consumer import Handlers

CONSUMERS: dict[str, Handlers] = {}
