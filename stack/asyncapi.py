"""The AsyncAPI 3 document of every event, made from the payload models, so that it cannot differ from what is sent."""

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from shared.envelope import Envelope, Event
from stack.topology import SERVICES, Application

Json = dict[str, Any]


def document() -> Json:
    """AsyncAPI 3.0: one channel per event, `kaiyuan.<service>.<community>.<event>`, CloudEvents as messages."""
    channels: Json = {}
    operations: Json = {}
    messages: Json = {}
    for service in SERVICES:
        for event in published_by(service):
            name = event.type.split(".")[1]
            channels[event.type] = _channel(service, name, event)
            operations[f"send_{event.type}"] = {
                "action": "send",
                "channel": {"$ref": f"#/channels/{event.type}"},
                "summary": f"Published by {service.name}.",
            }
            messages[event.type] = _message(event)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Kaiyuan events",
            "version": "1",
            "description": "CloudEvents 1.0 over NATS JetStream. Payloads carry ids, codes and states only.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"CloudEvent": _envelope()}},
    }


def published_by(service: Application) -> Iterator[type[Event]]:
    """The payload models that a service publishes, by type; bases and parts of payloads have no type."""
    package = importlib.import_module(service.package)
    folders = [each.name for each in pkgutil.iter_modules(package.__path__, f"{service.package}.") if each.ispkg]
    named = [name for folder in (service.package, *folders) if find_spec(name := f"{folder}.events")]
    values = (value for name in named for value in vars(importlib.import_module(name)).values())
    models = (each for each in values if isinstance(each, type) and issubclass(each, Event))
    yield from sorted((each for each in set(models) if "type" in vars(each)), key=lambda each: each.type)


def _channel(service: Application, name: str, event: type[Event]) -> Json:
    return {
        "address": f"kaiyuan.{service.name}.{{community}}.{name}",
        "parameters": {"community": {"description": "Twelve digits: the community that it happened in."}},
        "messages": {event.type: {"$ref": f"#/components/messages/{event.type}"}},
    }


def _message(event: type[Event]) -> Json:
    data = event.model_json_schema(mode="serialization")
    about = (event.__doc__ or "").strip().partition("\n")[0] if "__doc__" in vars(event) else ""
    fixed = {"properties": {"type": {"const": event.type}, "data": data}}
    return {
        "name": event.type,
        **({"summary": about} if about else {}),
        "contentType": "application/cloudevents+json",
        "payload": {"allOf": [{"$ref": "#/components/schemas/CloudEvent"}, fixed]},
    }


def _envelope() -> Json:
    return Envelope.model_json_schema(mode="serialization")
