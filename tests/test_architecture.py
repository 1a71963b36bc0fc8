"""Rules that no single file shows: who may import whom, whose rows are walled in, what every route declares."""

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import asyncpg
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy.engine import make_url
from starlette.middleware.base import BaseHTTPMiddleware

from shared.auth import Allow, Public
from shared.errors import Bilingual, Problem
from shared.states import NamedState
from stack.topology import APPLICATIONS, SERVICES, Application
from tests.apps import SettingsEnvironment, create
from tests.conftest import DatabaseUrls

ROOT = Path(__file__).resolve().parent.parent
CODE = ("shared", "services", "gateway", "stack")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40

every_application = pytest.mark.parametrize("application", APPLICATIONS, ids=lambda application: application.name)


@cache
def python_files() -> dict[str, tuple[Path, ast.Module]]:
    """Every file of the product by its dotted module name."""
    paths = [path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py"))]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}
    return {name: (path, ast.parse(path.read_text())) for name, path in names.items()}


def imports_of(name: str, tree: ast.Module) -> Iterator[str]:
    package = name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def part_of(module: str) -> str:
    """`shared`, `gateway`, `stack`, or `services.<name>`."""
    head, _, rest = module.partition(".")
    return f"services.{rest.partition('.')[0]}" if head == "services" and rest else head


ALLOWED = {
    "shared": {"shared"},
    "gateway": {"gateway", "shared"},
    "services": set(),
    **{service.package: {service.package, "shared"} for service in SERVICES},
}
"""`stack` runs everything and may import everything."""


def test_arrows_point_one_way() -> None:
    ours = {"shared", "gateway", "stack", "tests", "bench", *(service.package for service in SERVICES)}
    wrong = [
        f"{name} imports {imported}"
        for name, (_, tree) in python_files().items()
        for imported in imports_of(name, tree)
        if part_of(name) in ALLOWED and part_of(imported) in ours and part_of(imported) not in ALLOWED[part_of(name)]
    ]
    assert wrong == []


def test_our_requests_is_never_the_packages() -> None:
    """`import requests` would be the HTTP library of PyPI, or ours when services/ is on the path."""
    wrong = [
        name
        for name, (_, tree) in python_files().items()
        for imported in imports_of(name, tree)
        if imported.partition(".")[0] in {service.name for service in SERVICES}
    ]
    assert wrong == []


def test_files_stay_small() -> None:
    long = {name: len(path.read_text().splitlines()) for name, (path, _) in python_files().items()}
    assert {name: lines for name, lines in long.items() if lines > MAX_FILE_LINES} == {}


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of its body without the docstring."""
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    return (function.end_lineno or 0) - first.lineno + 1


def test_functions_stay_small() -> None:
    long = {
        f"{name}:{node.name}": lines
        for name, (_, tree) in python_files().items()
        if ".migrations." not in name  # DDL is a list, however long
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (lines := lines_of(node)) > MAX_FUNCTION_LINES
    }
    assert long == {}


def test_endpoints_hold_no_sql_and_raise_no_http_exceptions() -> None:
    wrong = [
        f"{name} imports {imported}"
        for name, (_, tree) in python_files().items()
        if name.endswith(".endpoints")
        for imported in imports_of(name, tree)
        if imported.startswith("sqlalchemy") or imported.endswith("HTTPException")
    ]
    assert wrong == []


# Routes


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    """Every route, also those of routers that were included."""
    pending = list(app.routes)
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute):
            yield route
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        pending.extend(getattr(inner, "routes", ()) if not isinstance(route, APIRoute) else ())


def calls_of(dependant: Dependant) -> Iterator[object]:
    for each in dependant.dependencies:
        yield each.call
        yield from calls_of(each)


async def app_under_test(application: Application, settings_values: SettingsEnvironment) -> FastAPI:
    return await create(application.name, settings_values)


@every_application
async def test_every_route_says_who_may_call_it(application: Application, settings_values: SettingsEnvironment) -> None:
    app = await app_under_test(application, settings_values)
    routes = list(routes_of(app))
    assert len(routes) > 5
    wrong = []
    for route in routes:
        guards = [call for call in calls_of(route.dependant) if isinstance(call, Allow | Public)]
        if len(guards) != 1:
            wrong.append(f"{route.methods} {route.path}: {len(guards)} guards")
    assert wrong == []


@every_application
async def test_changes_say_which_version_they_change(
    application: Application, settings_values: SettingsEnvironment
) -> None:
    app = await app_under_test(application, settings_values)
    methods = {route.path: route.methods for route in routes_of(app)}
    assert [path for path, methods in methods.items() if "PUT" in methods and path.startswith("/v1")] == []


@every_application
async def test_no_slow_middleware(application: Application, settings_values: SettingsEnvironment) -> None:
    app = await app_under_test(application, settings_values)
    slow = [each.cls for each in app.user_middleware if issubclass(each.cls, BaseHTTPMiddleware)]  # type: ignore[arg-type]
    assert slow == []


# Tables

_WALLED = """
    SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS walled,
           EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) AS has_policy
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'community_code' AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' ORDER BY 1"""
_KEYS = """
    SELECT c.relname AS name, k.conname AS key, a.attname AS first
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
    WHERE k.contype IN ('p', 'u', 'f') AND c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT c.relname, i.indexrelid::regclass::text, a.attname
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
    WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace"""


async def catalogue(database_urls: DatabaseUrls, service: str, query: str) -> list[asyncpg.Record]:
    _, owner_url = await database_urls(service)
    dsn = make_url(owner_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


LOOKUP = "_lookup"
"""Ends the names of the few global tables that say which community something belongs to: codes and blind indexes."""


@every_application
async def test_every_communitys_table_is_walled_in(application: Application, database_urls: DatabaseUrls) -> None:
    tables = await catalogue(database_urls, application.name, _WALLED)
    assert tables
    open_to_all = [row["name"] for row in tables if not (row["walled"] and row["has_policy"])]
    assert [name for name in open_to_all if not name.endswith(LOOKUP)] == []


@every_application
async def test_keys_begin_with_the_community(application: Application, database_urls: DatabaseUrls) -> None:
    tables = await catalogue(database_urls, application.name, _WALLED)
    tenants = {row["name"] for row in tables if not row["name"].endswith(LOOKUP)}
    keys = await catalogue(database_urls, application.name, _KEYS)
    wrong = [
        f"{row['name']}.{row['key']}" for row in keys if row["name"] in tenants and row["first"] != "community_code"
    ]
    assert wrong == []


# Problems


def every_problem() -> Iterator[type[Problem]]:
    for application in APPLICATIONS:
        importlib.import_module(f"{application.package}.main")
    queue: list[type[Problem]] = [Problem]
    while queue:
        problem = queue.pop()
        queue.extend(problem.__subclasses__())
        if part_of(problem.__module__) in {*ALLOWED}:
            yield problem


def test_every_problem_speaks_both_languages() -> None:
    for problem in every_problem():
        for words in (problem.title, problem.detail):
            assert words is None or (isinstance(words, Bilingual) and all(words)), problem
        assert any("\u4e00" <= letter <= "\u9fff" for letter in problem.title.zh), problem
        assert problem.title.en.isascii(), problem


def test_every_problem_has_a_code_of_its_own() -> None:
    codes: dict[tuple[str, str], type[Problem]] = {}
    for problem in every_problem():
        if "code" in vars(problem):
            other = codes.setdefault((part_of(problem.__module__), problem.code), problem)
            assert other is problem, f"{problem} and {other} share a code"


def test_every_state_has_a_chinese_name_of_its_own() -> None:
    for application in APPLICATIONS:
        importlib.import_module(f"{application.package}.main")
    kinds = [kind for kind in NamedState.__subclasses__() if part_of(kind.__module__) in ALLOWED]
    assert {part_of(kind.__module__) for kind in kinds} == {service.package for service in SERVICES}
    for kind in kinds:
        names = [state.zh for state in kind]
        assert all(re.fullmatch("[\u4e00-\u9fff]{2,8}", name) for name in names), kind
        assert len(set(names)) == len(names), kind
