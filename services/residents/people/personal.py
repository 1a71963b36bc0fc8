"""What the register itself keeps about a person."""

from services.residents.people import repository
from services.residents.people.ages import age_groups, age_on
from services.residents.people.models import Person
from services.residents.people.records import open_contact, open_evidence, open_person
from services.residents.sections import Section, coded, section_of
from services.residents.words import AGE_GROUPS, PERSON_STATES, RELATIONS, SEXES, TAGS
from shared.clock import china_today
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault


async def person_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    known = open_person(await vault.key_for(person.community_code, person.id), person)
    groups = age_groups(age_on(known.birth_on, china_today())) if known.birth_on else []
    row = {
        "name": known.name,
        "sex": coded(known.sex, SEXES) if known.sex else None,
        "birth_on": known.birth_on,
        "age_groups": _listed([f"{AGE_GROUPS[group].zh} ({group})" for group in groups]),
        "identity_number": known.identity_number,
        "passport": known.passport,
        "phone": known.phone,
        "cautions": known.cautions,
        "state": coded(person.state, PERSON_STATES),
        "state_since": person.state_since,
        "registered_at": person.created_at,
        "updated_at": person.updated_at,
    }
    return section_of(
        "person",
        both("基本信息", "The person"),
        {
            "name": both("姓名", "Name"),
            "sex": both("性别", "Sex"),
            "birth_on": both("出生日期", "Birth date"),
            "age_groups": both("年龄组", "Age groups"),
            "identity_number": both("身份证号", "Identity number"),
            "passport": both("护照号", "Passport"),
            "phone": both("手机号", "Phone"),
            "cautions": both("注意事项", "Cautions"),
            "state": both("居住状态", "State"),
            "state_since": both("状态起始", "Since"),
            "registered_at": both("登记时间", "Registered"),
            "updated_at": both("最后修改", "Last changed"),
        },
        [row],
    )


async def tags_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    key = await vault.key_for(person.community_code, person.id)
    return section_of(
        "tags",
        both("人员类别 (标签)", "Groups (tags)"),
        {
            "kind": both("类别", "Group"),
            "valid_from": both("起始日期", "From"),
            "valid_to": both("截止日期", "To"),
            "evidence": both("依据", "Evidence"),
            "granted_by": both("认定账号", "Granted by"),
            "revoked_at": both("撤销时间", "Revoked"),
        },
        [
            {
                "kind": coded(tag.kind, TAGS),
                "valid_from": tag.valid_from,
                "valid_to": tag.valid_to,
                "evidence": open_evidence(key, tag),
                "granted_by": tag.granted_by,
                "revoked_at": tag.revoked_at,
            }
            for tag in await repository.all_tags(session, person)
        ],
    )


async def contacts_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    key = await vault.key_for(person.community_code, person.id)
    contacts = [open_contact(key, contact) for contact in await repository.contacts_of(session, person)]
    return section_of(
        "family_contacts",
        both("紧急联系人", "Family contacts"),
        {
            "position": both("顺序", "Order"),
            "relation": both("关系", "Relation"),
            "name": both("姓名", "Name"),
            "phone": both("电话", "Phone"),
        },
        [
            {
                "position": each.position,
                "relation": coded(each.relation, RELATIONS),
                "name": each.name,
                "phone": each.phone,
            }
            for each in contacts
        ],
    )


def _listed(texts: list[str]) -> str | None:
    return ", ".join(texts) or None
