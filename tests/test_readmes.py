"""What a service's README lists is what the service has: routes, events, timers and variables, and nothing else."""

import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.app import Service, build_app
from shared.envelope import Event
from shared.settings import ServiceSettings
from stack.topology import SERVICES, Application
from tests.apps import SettingsEnvironment, create
from tests.test_architecture import routes_of

_METHODS = "GET|POST|PATCH|DELETE"
_ROUTE = re.compile(rf"(?:{_METHODS}) (…?/[^ ]*)|(…?/[^ ]*|[a-z-]+)")
_EVENT = re.compile(r"[a-z_]+(?:\.[a-z_]+)?\.v[0-9]+")


@dataclass
class Described:
    """A service, and the words between backticks on its page."""

    name: str
    service: Service
    routes: set[str]
    page: str

    @property
    def words(self) -> set[str]:
        return {each for word in re.findall(r"`([^`\n]+)`", self.page) for each in _spelled_out(word)}

    @property
    def told_routes(self) -> set[str]:
        """What the tables say of paths: whole ones, or how they end."""
        found, inside = set[str](), False
        for line in self.page.splitlines():
            cell = re.split(r"(?<!\\)\|", line)[1].strip() if line.startswith("|") else ""
            inside = bool(cell) and (inside or cell == "method and path")
            outside_brackets = re.sub(r"\([^)]*\)", "", cell)
            for word in re.findall(r"`([^`]+)`", outside_brackets) if inside else ():
                if match := _ROUTE.fullmatch(word):
                    found.add(_shape(match[1] or match[2]).removeprefix("…").lstrip("/"))
        return found - {""}


def _spelled_out(word: str) -> list[str]:
    """`a_{b,c}` is `a_b` and `a_c`."""
    choice = re.search(r"\{([^{}]*,[^{}]*)\}", word)
    if choice is None:
        return [word]
    return [
        each
        for part in choice[1].split(",")
        for each in _spelled_out(word[: choice.start()] + part + word[choice.end() :])
    ]


def _shape(path: str) -> str:
    """A path without what parameters are called, nor what a query may say."""
    return re.sub(r"\{[^}]*\}", "{}", path.partition("?")[0].replace("\\", "")).rstrip("/")


@pytest.fixture(params=SERVICES, ids=lambda application: application.name)
async def described(
    request: pytest.FixtureRequest, settings_values: SettingsEnvironment, monkeypatch: pytest.MonkeyPatch
) -> Described:
    application: Application = request.param
    main = importlib.import_module(f"{application.package}.main")
    built: list[Service] = []

    def build(service: Service, settings: Any) -> Any:
        built.append(service)
        return build_app(service, settings)

    monkeypatch.setattr(main, "build_app", build)
    app = await create(application.name, settings_values)
    ours = {route.path for router in built[0].routers for route in router.routes}  # type: ignore[attr-defined]
    routes = {_shape(route.path) for route in routes_of(app) if route.path in ours}
    page = (Path(main.__file__).parent / "README.md").read_text("utf-8")
    return Described(application.name, built[0], routes, page)


def test_every_route_stands_in_a_table(described: Described) -> None:
    told = described.told_routes
    assert len(described.routes) > 5
    assert sorted(path for path in described.routes if not any(_ends(path, end) for end in told)) == []


def test_every_route_of_a_table_is_one(described: Described) -> None:
    told = described.told_routes
    assert sorted(end for end in told if not any(_ends(path, end) for path in described.routes)) == []


def _ends(path: str, end: str) -> bool:
    return path.endswith("/" + end)


def _own_events(name: str) -> set[str]:
    pending: list[type[Event]] = [Event]
    found = set[str]()
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        if kind.__module__.startswith(f"services.{name}.") and hasattr(kind, "type"):
            found.add(kind.type)
    return found


def test_the_events_it_names_are_those_that_go_out_and_come_in(described: Described) -> None:
    own = _own_events(described.name)
    heard = {kind for handlers in described.service.consumers.values() for kind in handlers}
    told = {word for word in described.words if _EVENT.fullmatch(word)}
    told = {word if word.count(".") == 2 else f"{described.name}.{word}" for word in told}
    assert sorted(told ^ (own | heard)) == []


def test_every_timer_is_named(described: Described) -> None:
    assert sorted({timer.name for timer in described.service.timers} - described.words) == []


def test_every_variable_of_its_own_is_named(described: Described) -> None:
    settings = importlib.import_module(f"services.{described.name}.settings").Settings
    own = {name.upper() for name in settings.model_fields.keys() - ServiceSettings.model_fields.keys()}
    assert sorted(name for name in own if name not in described.page) == []
