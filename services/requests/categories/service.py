"""Use cases of categories. They flush and never commit: the edge does."""

from typing import Any

from services.requests.categories import repository
from services.requests.categories.errors import CategoryExists, ClassUnknown
from services.requests.categories.models import Category, DeadlinePolicy, Urgency
from services.requests.categories.schemas import CategoryCreate, CategoryUpdate, Deadlines, Terms
from services.requests.categories.seeds import CLASSES, Seed
from shared.clock import utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession, columns_of


async def seed_categories(session: AsyncSession, community_code: str) -> int:
    """Give a community the five classes and their usual subcategories; what it has already stays as it is.

    Returns how many categories the seed holds. `session` must be within the community's scope.
    """
    seeds = [each for top in CLASSES for each in (top, *top.subcategories)]
    await repository.add_missing(
        session,
        [_seed_row(community_code, seed) for seed in seeds],
        [row for seed in seeds for row in _policy_rows(community_code, seed.code, 1, seed.deadlines)],
    )
    return len(seeds)


async def list_tree(session: AsyncSession, community_code: str) -> list[dict[str, Any]]:
    """The classes with their subcategories, each with the deadlines in force."""
    promised = _by_category(await repository.current_policies(session, community_code))
    rows = [present(each, promised[each.code]) for each in await repository.list_categories(session, community_code)]
    return [
        top | {"subcategories": [row for row in rows if row["parent_code"] == top["code"]]}
        for top in rows
        if top["parent_code"] is None
    ]


async def get_category(session: AsyncSession, community_code: str, code: str) -> dict[str, Any]:
    return await _presented(session, await repository.get_category(session, community_code, code))


async def create_category(session: AsyncSession, community_code: str, data: CategoryCreate) -> dict[str, Any]:
    """Add a subcategory to one of the classes."""
    parent_code, _, name = data.code.partition(".")
    if not name or await repository.find_category(session, community_code, parent_code) is None:
        raise ClassUnknown
    if await repository.find_category(session, community_code, data.code) is not None:
        raise CategoryExists
    deadlines = data.deadlines
    if deadlines is None:
        inherited = await repository.current_policies(session, community_code, parent_code)
        deadlines = _by_category(inherited)[parent_code]
    category = Category(
        community_code=community_code,
        parent_code=parent_code,
        **data.model_dump(exclude={"deadlines", "form"}),
        form=[attribute.model_dump(mode="json") for attribute in data.form],
    )
    session.add(category)
    await session.flush()
    await repository.add_policies(session, _policy_rows(community_code, category.code, 1, deadlines))
    return present(category, deadlines)


async def update_category(
    session: AsyncSession, community_code: str, code: str, data: CategoryUpdate, expected: int
) -> dict[str, Any]:
    """Change what is asked or promised from now on. New deadlines are a new policy version."""
    category = await repository.lock_category(session, community_code, code)
    check_version(category.version, expected)
    category.sqlmodel_update(data.model_dump(exclude_unset=True, exclude={"deadlines"}))
    if data.deadlines is not None:
        category.policy_version += 1
        rows = _policy_rows(community_code, code, category.policy_version, data.deadlines)
        await repository.add_policies(session, rows)
    category.version += 1
    category.updated_at = utc_now()
    await session.flush()
    return await _presented(session, category)


def present(category: Category, deadlines: Deadlines) -> dict[str, Any]:
    return columns_of(category) | {"deadlines": deadlines.model_dump()}


async def _presented(session: AsyncSession, category: Category) -> dict[str, Any]:
    policies = await repository.current_policies(session, category.community_code, category.code)
    return present(category, _by_category(policies)[category.code])


def _by_category(policies: Any) -> dict[str, Deadlines]:
    terms: dict[str, dict[str, Terms]] = {}
    for policy in policies:
        terms.setdefault(policy.category_code, {})[policy.urgency.value] = _terms_of(policy)
    return {code: Deadlines.model_validate(by_urgency) for code, by_urgency in terms.items()}


def _terms_of(policy: DeadlinePolicy) -> Terms:
    return Terms(**{name: getattr(policy, name) for name in Terms.model_fields})


def _seed_row(community_code: str, seed: Seed) -> dict[str, Any]:
    top, _, name = seed.code.partition(".")
    return {
        "community_code": community_code,
        "code": seed.code,
        "parent_code": top if name else None,
        "name_zh": seed.name_zh,
        "name_en": seed.name_en,
        "default_urgency": seed.urgency,
        "form": [attribute.model_dump(mode="json") for attribute in seed.form],
        "public": seed.public,
        "created_at": utc_now(),
        "updated_at": utc_now(),
        "active": True,
        "policy_version": 1,
        "version": 1,
    }


def _policy_rows(community_code: str, code: str, version: int, deadlines: Deadlines) -> list[dict[str, Any]]:
    terms = {Urgency.NORMAL: deadlines.normal, Urgency.URGENT: deadlines.urgent}
    return [
        {
            "community_code": community_code,
            "category_code": code,
            "policy_version": version,
            "urgency": urgency,
            "created_at": utc_now(),
            **promised.model_dump(),
        }
        for urgency, promised in terms.items()
    ]
