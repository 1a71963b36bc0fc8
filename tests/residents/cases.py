"""Found-person cases over HTTP, for the tests of their story, their readers, their deadlines and their machine."""

from typing import Any

import httpx

from tests.residents.neighbourhood import Neighbourhood

FINDER = {"finder_phone": "19900004321", "finder_name": "孙保安", "place_text": "二小校门口", "note": "穿灰色棉袄"}
EVERY_FIELD = ["name", "address", "cautions", "family_contacts", "finder", "notes", "description"]
HAND_OVER = {
    "receiver_name": "欧阳明远",
    "relation": "child",
    "identity_checked": True,
    "witness_name": "孙保安",
    "place": "二小校门口",
}
TO_POLICE = {key: value for key, value in HAND_OVER.items() if key != "relation"} | {"receiver_kind": "police"}


async def a_card(place: Neighbourhood, **body: Any) -> dict[str, Any]:
    wanted = body or {"person_id": str(place.elder_id)}
    return (await place.client().post("/v1/contact-cards", json=wanted)).json()


async def report(place: Neighbourhood, code: str, **body: Any) -> dict[str, Any]:
    response = await place.client(None).post(f"/v1/public/contact-cards/{code}/found-reports", json=body)
    assert response.status_code == 201, response.text
    return response.json()


async def only_case(client: httpx.AsyncClient) -> dict[str, Any]:
    items = (await client.get("/v1/found-persons")).json()["items"]
    assert len(items) == 1
    return items[0]


async def act(client: httpx.AsyncClient, case_id: str, verb: str, status: int = 200, **body: Any) -> dict[str, Any]:
    response = await client.post(f"/v1/found-persons/{case_id}/{verb}", json=body)
    assert response.status_code == status, response.text
    return response.json()


async def open_case(place: Neighbourhood, **body: Any) -> dict[str, Any]:
    response = await place.client().post("/v1/found-persons", json={"channel": "phone", **body})
    assert response.status_code == 201, response.text
    return response.json()


async def detail_of(place: Neighbourhood, case: dict[str, Any]) -> dict[str, Any]:
    return (await place.client().get(f"/v1/found-persons/{case['id']}")).json()
