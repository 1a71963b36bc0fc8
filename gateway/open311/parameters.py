"""What a client sent, however it sent it: in the query, as a form, as a form with files."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from gateway.open311.errors import FormUnreadable, TooManyPhotos
from gateway.open311.formats import speakable

MOST_PARAMETERS = 500
MOST_PHOTOS = 3
_ATTRIBUTE = re.compile(r"attribute\[([^\[\]]*)\](?:\[\d*\])?")


@dataclass(slots=True)
class Parameters:
    """Values by name, in the order in which they came, without those that are empty."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    photos: list[bytes] = field(default_factory=list)

    def add(self, pairs: Iterable[tuple[str, str]]) -> None:
        for name, said in pairs:
            text = speakable(said).strip()
            if text:
                self.texts.setdefault(name, []).append(text)

    def first(self, name: str) -> str | None:
        return next(iter(self.texts.get(name, ())), None)

    def firsts(self, *names: str) -> dict[str, str]:
        """Those of `names` that were given."""
        found = {name: self.first(name) for name in names}
        return {name: text for name, text in found.items() if text is not None}

    def listed(self, name: str) -> list[str]:
        """A list with commas, or a parameter that was repeated, or both."""
        return [each.strip() for text in self.texts.get(name, ()) for each in text.split(",") if each.strip()]

    def attributes(self) -> dict[str, list[str]]:
        """`attribute[code]`, `attribute[code][]`, `attribute[code][0]`, repeated or not."""
        found: dict[str, list[str]] = {}
        for name, texts in self.texts.items():
            if matched := _ATTRIBUTE.fullmatch(name):
                found.setdefault(matched[1], []).extend(texts)
        return found


async def read_parameters(request: Request) -> Parameters:
    """The form first, then the query. Raises FormUnreadable, TooManyPhotos."""
    parameters = Parameters()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        await _read_multipart(request, parameters)
    elif media_type == "application/x-www-form-urlencoded":
        parameters.add(_decoded(await request.body()))
    parameters.add(_decoded(request.scope["query_string"]))
    return parameters


async def _read_multipart(request: Request, parameters: Parameters) -> None:
    try:
        async with request.form(max_files=MOST_PHOTOS + 1, max_fields=MOST_PARAMETERS) as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    parameters.add([(name, value)])
                elif value.size:
                    parameters.photos.append(await value.read())
    except HTTPException as error:
        raise FormUnreadable from error
    if len(parameters.photos) > MOST_PHOTOS:
        raise TooManyPhotos


def _decoded(raw: bytes) -> list[tuple[str, str]]:
    """Pairs of a query or form. Letters that were not escaped are UTF-8, as `curl -d` sends them."""
    try:
        return parse_qsl(
            raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="replace"
        )
    except ValueError as error:
        raise FormUnreadable from error
