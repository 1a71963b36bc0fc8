"""The merged description: valid OpenAPI 3.1, complete, with nothing internal, also while a service is away."""

import json
from typing import Any

import httpx
import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from gateway.openapi import merge, own_document
from gateway.routes import ROUTES, SERVICES, prefix_of
from tests.apps import create
from tests.gateway.conftest import SettingsEnvironment, Town


@pytest.fixture(scope="module")
async def documents(settings_values: SettingsEnvironment) -> dict[str, Any]:
    """What each service says of itself."""
    return {name: (await create(name, settings_values)).openapi() for name in SERVICES}


@pytest.fixture(scope="module")
async def merged(lone: Town, documents: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(merge(own_document(lone.gateway), documents, lone.url)))


def test_it_is_valid(merged: dict[str, Any]):
    errors = [
        f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}"
        for error in jsonschema_rs.validator_for(OPENAPI_31).iter_errors(merged)
    ]
    assert errors == []
    assert merged["openapi"].startswith("3.1")


def test_every_reference_leads_somewhere(merged: dict[str, Any]):
    def references(node: Any):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    found = set(references(merged))
    assert found
    for reference in found:
        node: Any = merged
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_of_a_service_is_reached_through_exactly_one_prefix(
    merged: dict[str, Any], documents: dict[str, Any], service: str
):
    for path, item in documents[service]["paths"].items():
        assert [name for name in [prefix_of(path)] if name and ROUTES[name] == service], f"no prefix leads to {path}"
        assert item.keys() <= merged["paths"][path].keys()
        others = [name for name in SERVICES if name != service and path in documents[name]["paths"]]
        assert others == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_prefix_is_used(documents: dict[str, Any], service: str):
    paths = documents[service]["paths"]
    unused = [
        prefix
        for prefix, owner in ROUTES.items()
        if owner == service and not any(path == prefix or path.startswith(prefix + "/") for path in paths)
    ]
    assert unused == []


def test_nothing_internal_is_described(merged: dict[str, Any]):
    assert not [path for path in merged["paths"] if "internal" in path or "health" in path or "metrics" in path]
    assert not {"HTTPValidationError", "ValidationError"} & merged["components"]["schemas"].keys()


def test_operation_ids_are_unique(merged: dict[str, Any]):
    ids = [operation["operationId"] for item in merged["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids))


def test_every_operation_says_who_may_call_and_how_it_is_refused(merged: dict[str, Any]):
    public = [
        (path, method)
        for path, item in merged["paths"].items()
        for method, operation in item.items()
        if operation.get("security") == []
    ]
    expected = ("/v1/public/", "/v1/auth/", "/oauth/", "/.well-known/", "/open311/")
    assert public
    assert all(path.startswith(expected) for path, _ in public)
    for item in merged["paths"].values():
        for operation in item.values():
            assert {"422", "429", "503", "default"} <= operation["responses"].keys()


def test_schemas_of_one_name_and_two_meanings_are_told_apart():
    def document(path: str, kind: str) -> dict[str, Any]:
        answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/State"}}}}
        return {
            "paths": {path: {"get": {"responses": {"200": answer}, "operationId": path}}},
            "components": {"schemas": {"State": {"type": kind}}},
        }

    own: dict[str, Any] = {"openapi": "3.1.0", "info": {}, "paths": {}}
    services = {"dispatch": document("/v1/grids", "string"), "residents": document("/v1/people", "integer")}
    merged = merge(own, services, "http://x")
    for path, kind in {"/v1/grids": "string", "/v1/people": "integer"}.items():
        schema = merged["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert merged["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["type"] == kind


async def test_it_is_served_while_services_are_away(lone: Town, anyone: httpx.AsyncClient):
    document = (await anyone.get("/openapi.json")).json()
    assert "/v1/auth/login" in document["paths"]
    assert document["x-unavailable"] == sorted(SERVICES)


async def test_the_whole_of_it_is_served(town: Town):
    async with town.client() as client:
        document = (await client.get("/openapi.json")).json()
    assert document["x-unavailable"] == []
    assert {"/v1/people", "/v1/work-orders", "/v1/service-requests", "/v1/offers"} <= document["paths"].keys()
