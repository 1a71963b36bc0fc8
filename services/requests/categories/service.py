"""Use cases of categories. They flush and never commit: the edge does."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.requests.categories import repository
from services.requests.categories.errors import CategoryExists, ClassUnknown
from services.requests.categories.models import Category, CategoryVersion, DeadlinePolicy, Urgency
from services.requests.categories.schemas import CategoryContent, CategoryCreate, CategoryUpdate, Deadlines, Terms
from services.requests.categories.seeds import CLASSES, Seed
from shared.auth import Principal
from shared.clock import utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession, columns_of

SYSTEM = "system"


async def seed_categories(session: AsyncSession, community_code: str) -> int:
    """Give a community the five classes and their usual subcategories; what it has already stays as it is.

    Returns how many categories the seed holds. `session` must be within the community's scope.
    """
    seeds = [each for top in CLASSES for each in (top, *top.subcategories)]
    categories = [_seeded(community_code, seed) for seed in seeds]
    await repository.add_missing(
        session,
        [columns_of(category) for category in categories],
        [row for seed in seeds for row in _policy_rows(community_code, seed.code, 1, seed.deadlines)],
        [columns_of(_version_of(category, SYSTEM)) for category in categories],
    )
    return len(seeds)


async def list_tree(session: AsyncSession, community_code: str) -> list[dict[str, Any]]:
    """The classes with their subcategories, each with the deadlines in force."""
    promised = by_category(await repository.current_policies(session, community_code))
    rows = [present(each, promised[each.code]) for each in await repository.list_categories(session, community_code)]
    return [
        top | {"subcategories": [row for row in rows if row["parent_code"] == top["code"]]}
        for top in rows
        if top["parent_code"] is None
    ]


async def get_category(session: AsyncSession, community_code: str, code: str) -> dict[str, Any]:
    return await _presented(session, await repository.get_category(session, community_code, code))


async def create_category(session: AsyncSession, principal: Principal, data: CategoryCreate) -> dict[str, Any]:
    """Add a subcategory to one of the classes."""
    community_code = principal.community_code
    parent_code, _, name = data.code.partition(".")
    if not name or await repository.find_category(session, community_code, parent_code) is None:
        raise ClassUnknown
    if await repository.find_category(session, community_code, data.code) is not None:
        raise CategoryExists
    deadlines = data.deadlines
    if deadlines is None:
        inherited = await repository.current_policies(session, community_code, parent_code)
        deadlines = by_category(inherited)[parent_code]
    category = Category(community_code=community_code, parent_code=parent_code, **columns_given(data))
    await add(session, principal, category, deadlines)
    return present(category, deadlines)


async def add(session: AsyncSession, principal: Principal, category: Category, deadlines: Deadlines) -> None:
    """Store a new category with its first policy and its first version."""
    session.add(category)
    await session.flush()
    await repository.add_policies(session, _policy_rows(category.community_code, category.code, 1, deadlines))
    session.add(_version_of(category, principal.subject))


async def update_category(
    session: AsyncSession, principal: Principal, code: str, data: CategoryUpdate, expected: int
) -> dict[str, Any]:
    """Change what is asked or promised from now on: a new version, and with new deadlines a new policy as well."""
    category = await repository.lock_category(session, principal.community_code, code)
    check_version(category.version, expected)
    await change(session, principal, category, columns_given(data), data.deadlines)
    return await _presented(session, category)


async def change(
    session: AsyncSession,
    principal: Principal,
    category: Category,
    values: dict[str, Any],
    deadlines: Deadlines | None,
) -> bool:
    """Write a locked category's next version down. False, and nothing written, if it says what it said."""
    changed = sorted(name for name, value in values.items() if getattr(category, name) != value)
    if not changed and deadlines is None:
        return False
    category.sqlmodel_update(values)
    if deadlines is not None:
        changed.append("deadlines")
        category.policy_version += 1
        rows = _policy_rows(category.community_code, category.code, category.policy_version, deadlines)
        await repository.add_policies(session, rows)
    category.version += 1
    category.updated_at = utc_now()
    await session.flush()
    session.add(_version_of(category, principal.subject, changed))
    return True


async def present_versions(session: AsyncSession, versions: Sequence[CategoryVersion]) -> list[dict[str, Any]]:
    """Versions of one category with the deadlines that each promised."""
    if not versions:
        return []
    community_code, code = versions[0].community_code, versions[0].category_code
    policies = await repository.all_policies(session, community_code, code)
    promised = {
        number: by_category(policy for policy in policies if policy.policy_version == number)[code]
        for number in {policy.policy_version for policy in policies}
    }
    return [
        columns_of(version)
        | {"active": version.content["active"], "deadlines": promised[version.content["policy_version"]].model_dump()}
        for version in versions
    ]


def present(category: Category, deadlines: Deadlines) -> dict[str, Any]:
    return columns_of(category) | {"deadlines": deadlines.model_dump()}


async def _presented(session: AsyncSession, category: Category) -> dict[str, Any]:
    policies = await repository.current_policies(session, category.community_code, category.code)
    return present(category, by_category(policies)[category.code])


def columns_given(data: CategoryContent | CategoryUpdate) -> dict[str, Any]:
    """What of `data` was given, as columns of a category; the form as JSON."""
    values = data.model_dump(exclude_unset=True, exclude={"deadlines", "form", "subcategories"})
    if "form" in data.model_fields_set:
        values["form"] = [attribute.model_dump(mode="json", exclude_none=True) for attribute in data.form]
    return values


def _version_of(category: Category, changed_by: str, changed: Sequence[str] = ()) -> CategoryVersion:
    """The category as it now is, to be kept for good."""
    content = CategoryContent.model_validate(columns_of(category)).model_dump(mode="json")
    return CategoryVersion(
        community_code=category.community_code,
        category_code=category.code,
        version=category.version,
        content=content | {"active": category.active, "policy_version": category.policy_version},
        changed=list(changed),
        changed_by=changed_by,
        created_at=category.updated_at,
    )


def by_category(policies: Iterable[DeadlinePolicy]) -> dict[str, Deadlines]:
    terms: dict[str, dict[str, Terms]] = {}
    for policy in policies:
        terms.setdefault(policy.category_code, {})[policy.urgency.value] = _terms_of(policy)
    return {code: Deadlines.model_validate(by_urgency) for code, by_urgency in terms.items()}


def _terms_of(policy: DeadlinePolicy) -> Terms:
    return Terms(**{name: getattr(policy, name) for name in Terms.model_fields})


def _seeded(community_code: str, seed: Seed) -> Category:
    top, _, name = seed.code.partition(".")
    return Category(
        community_code=community_code,
        code=seed.code,
        parent_code=top if name else None,
        name_zh=seed.name_zh,
        name_en=seed.name_en,
        default_urgency=seed.urgency,
        form=[attribute.model_dump(mode="json", exclude_none=True) for attribute in seed.form],
        privacy=seed.privacy,
        responder_kind=seed.responder_kind,
        anonymous_allowed=seed.anonymous_allowed,
        duplicate_radius_m=seed.duplicate_radius_m,
    )


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
