"""The document of the events names each that a service publishes or reads, with its payload and nothing personal."""

import json

from services.dispatch.consumers import CONSUMERS as DISPATCH
from stack.asyncapi import document, published_by
from stack.topology import SERVICES

_PERSONAL = {"name", "phone", "identity_number", "birth_on", "address", "description", "text", "note", "cautions"}


def test_every_event_that_dispatch_reads_is_described() -> None:
    described = document()["channels"].keys()
    assert {event for handlers in DISPATCH.values() for event in handlers} <= described


def test_channels_are_the_subjects_on_the_wire() -> None:
    channel = document()["channels"]["requests.request_submitted.v1"]
    assert channel["address"] == "kaiyuan.requests.{community}.request_submitted"


def test_no_payload_has_a_field_for_what_is_personal() -> None:
    for service in SERVICES:
        for event in published_by(service):
            assert not _PERSONAL & event.model_fields.keys(), event.type


def test_it_is_plain_json_that_refers_only_to_what_it_holds() -> None:
    made = json.loads(json.dumps(document()))
    messages = made["components"]["messages"]
    assert made["asyncapi"] == "3.0.0"
    assert len(messages) > 30
    for name, channel in made["channels"].items():
        assert channel["messages"] == {name: {"$ref": f"#/components/messages/{name}"}}
        assert name in messages
