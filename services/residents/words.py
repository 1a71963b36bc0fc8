"""The words for codes that people are shown."""

from services.residents.contact_cards.models import CardKind, CardState
from services.residents.found_persons.models import Outcome
from services.residents.found_persons.states import CaseState
from services.residents.guardians.models import GuardianRelation
from services.residents.household_cards.models import ChangeCause
from services.residents.households.models import Tenure
from services.residents.memberships.models import EndReason, HouseholdRelation
from services.residents.people.ages import AgeGroup
from services.residents.people.models import PersonState, Relation, TagKind
from shared.auth import Role
from shared.errors import Bilingual, both
from shared.identity import Sex
from shared.states import NamedState


def name_states(kind: type[NamedState]) -> dict[NamedState, Bilingual]:
    return {state: both(state.zh, state.replace("_", " ")) for state in kind}


TAGS: dict[TagKind, Bilingual] = {
    TagKind.VETERAN: both("退役军人", "veteran"),
    TagKind.DISABLED: both("残疾人", "disabled"),
    TagKind.LIMITED_MOBILITY: both("行动不便", "limited mobility"),
    TagKind.OLD_CADRE: both("老干部", "old cadre"),
    TagKind.OLD_PARTY_MEMBER: both("老党员", "old Party member"),
    TagKind.HARDSHIP: both("困难群众", "in hardship"),
    TagKind.CHILD_IN_HARDSHIP: both("困难儿童", "child in hardship"),
    TagKind.DEMENTIA: both("认知症", "dementia"),
    TagKind.LIVING_ALONE: both("独居", "living alone"),
}
RELATIONS: dict[Relation, Bilingual] = {
    Relation.SPOUSE: both("配偶", "spouse"),
    Relation.CHILD: both("子女", "child"),
    Relation.PARENT: both("父母", "parent"),
    Relation.SIBLING: both("兄弟姐妹", "sibling"),
    Relation.GRANDCHILD: both("孙子女", "grandchild"),
    Relation.OTHER_RELATIVE: both("其他亲属", "other relative"),
    Relation.GUARDIAN: both("监护人", "guardian"),
    Relation.NEIGHBOUR: both("邻居", "neighbour"),
    Relation.FRIEND: both("朋友", "friend"),
}
HOUSEHOLD_RELATIONS: dict[HouseholdRelation, Bilingual] = {
    HouseholdRelation.HEAD: both("户主", "head"),
    HouseholdRelation.SPOUSE: both("配偶", "spouse"),
    HouseholdRelation.CHILD: both("子女", "child"),
    HouseholdRelation.CHILD_IN_LAW: both("儿媳或女婿", "child-in-law"),
    HouseholdRelation.PARENT: both("父母", "parent"),
    HouseholdRelation.PARENT_IN_LAW: both("公婆或岳父母", "parent-in-law"),
    HouseholdRelation.GRANDPARENT: both("祖父母或外祖父母", "grandparent"),
    HouseholdRelation.GRANDCHILD: both("孙子女", "grandchild"),
    HouseholdRelation.SIBLING: both("兄弟姐妹", "sibling"),
    HouseholdRelation.OTHER_RELATIVE: both("其他亲属", "other relative"),
    HouseholdRelation.LODGER: both("租住或寄住人员", "lodger"),
    HouseholdRelation.CARER: both("照护人员", "carer"),
    HouseholdRelation.EMPLOYEE: both("雇员", "employee"),
    HouseholdRelation.OTHER: both("其他", "other"),
}
TENURES: dict[Tenure, Bilingual] = {
    Tenure.OWNER_OCCUPIED: both("自有", "owner-occupied"),
    Tenure.RENTED: both("租赁", "rented"),
    Tenure.PUBLIC_RENTAL: both("公租房", "public rental"),
    Tenure.LENT: both("借住", "lent"),
    Tenure.OTHER: both("其他", "other"),
}
END_REASONS: dict[EndReason, Bilingual] = {
    EndReason.MOVED_WITHIN: both("社区内搬迁", "moved within the community"),
    EndReason.MOVED_OUT: both("迁出", "moved out"),
    EndReason.DIED: both("死亡", "died"),
    EndReason.CORRECTED: both("登记更正", "corrected"),
    EndReason.MERGED: both("档案合并", "records merged"),
}
GUARDIAN_RELATIONS: dict[GuardianRelation, Bilingual] = {
    GuardianRelation.PARENT: both("父母", "parent"),
    GuardianRelation.GRANDPARENT: both("祖父母、外祖父母", "grandparent"),
    GuardianRelation.SIBLING: both("兄弟姐妹", "sibling"),
    GuardianRelation.SPOUSE: both("配偶", "spouse"),
    GuardianRelation.CHILD: both("子女", "child"),
    GuardianRelation.OTHER_RELATIVE: both("其他近亲属", "other relative"),
    GuardianRelation.OTHER_PERSON: both("其他个人", "other person"),
    GuardianRelation.ORGANISATION: both("组织", "organisation"),
}
PERSON_STATES = name_states(PersonState)
SEXES: dict[Sex, Bilingual] = {Sex.MALE: both("男", "male"), Sex.FEMALE: both("女", "female")}
AGE_GROUPS: dict[AgeGroup, Bilingual] = {
    AgeGroup.CHILD: both("儿童", "child"),
    AgeGroup.MINOR: both("未成年人", "minor"),
    AgeGroup.ELDERLY: both("老年人", "elderly"),
    AgeGroup.YOUNGER_ELDERLY: both("低龄老人", "younger elderly"),
    AgeGroup.VERY_OLD: both("高龄老人", "very old"),
}
CARD_KINDS: dict[CardKind, Bilingual] = {
    CardKind.WORKER: both("网格员卡", "grid worker's card"),
    CardKind.TEAM: both("团队卡", "team card"),
}
CARD_STATES = name_states(CardState)
CASE_STATES = name_states(CaseState)
OUTCOMES: dict[Outcome, Bilingual] = {
    Outcome.RETURNED_HOME: both("已回家", "returned home"),
    Outcome.IN_CARE: both("在机构照料", "in care"),
    Outcome.WITH_POLICE: both("在公安机关", "with the police"),
    Outcome.UNFOUNDED: both("不属实", "unfounded"),
}
CARD_CAUSES: dict[ChangeCause, Bilingual] = {
    ChangeCause.DERIVED: both("按规则得出", "by the rules"),
    ChangeCause.OVERRIDDEN: both("人工调整", "set by staff"),
    ChangeCause.OVERRIDE_CLEARED: both("取消人工调整", "staff's setting taken back"),
    ChangeCause.OVERRIDE_EXPIRED: both("人工调整到期", "staff's setting ended"),
}
SYSTEM = both("系统", "the system")
ROLES: dict[str, Bilingual] = {
    Role.RESIDENT: both("居民", "resident"),
    Role.GRID_WORKER: both("网格员", "grid worker"),
    Role.RESPONDER: both("处置人员", "responder"),
    Role.STAFF: both("社区工作人员", "community staff"),
    Role.HEAD: both("社区负责人", "head of the community"),
    Role.SUPERVISOR: both("上级监督人员", "supervisor"),
    Role.MERCHANT: both("商户", "merchant"),
    Role.PARTNER: both("共建单位", "partner unit"),
    Role.GATEWAY: SYSTEM,
}
_COMMUNITY = both("社区", "the community")
ORGANISATIONS: dict[str, Bilingual] = {
    Role.RESIDENT: both("本人或监护人", "the person or their guardian"),
    Role.GRID_WORKER: _COMMUNITY,
    Role.STAFF: _COMMUNITY,
    Role.HEAD: _COMMUNITY,
    Role.RESPONDER: both("网格服务力量", "who was sent to help"),
    Role.SUPERVISOR: both("上级部门", "the level above"),
    Role.PARTNER: both("共建单位", "a partner unit"),
    Role.MERCHANT: both("商户", "a shop"),
}
"""Where somebody of a role belongs; whatever is not named is the system itself."""
ACTIONS: dict[str, Bilingual] = {
    "people.search": both("查找时显示", "shown in a search"),
    "people.reveal": both("查看明文", "read in the clear"),
    "people.export": both("导出个人信息", "exported"),
    "people.erase": both("删除个人信息", "erased"),
    "sync.deliver": both("同步到网格员手机", "copied to the grid worker's phone"),
    "sync.conflict": both("手机修改冲突时查看", "read to settle an edit from a phone"),
    "contact_cards.delivery_list": both("列入送卡名单", "put on a delivery list of cards"),
    "people.correct": both("依申请更正", "corrected on request"),
    "rights_requests.reveal": both("查看权利请求内容", "read what was asked about the data"),
    "imports.change": both("批量导入时更新", "changed by an import"),
    "exports.make": both("列入导出名单", "put on an exported list"),
    "found_persons.suggest_candidates": both("走失协助中比对", "suggested in a found-person case"),
    "found_persons.record": both("走失协助案卷", "the record of a found-person case"),
    "people.correct_departure": both("更正迁出或死亡登记", "a departure was corrected"),
    "households.reveal_owner": both("查看房主信息", "read who owns the home"),
    "found_persons.reveal": both("走失协助中查看", "read in a found-person case"),
    "household_cards.reveal_reasons": both("查看户卡调整理由", "read why the household card was set"),
}
FIELDS: dict[str, Bilingual] = {
    "name": both("姓名", "name"),
    "phone": both("手机号", "phone"),
    "identity_number": both("身份证号", "identity number"),
    "passport": both("护照号", "passport"),
    "birth_on": both("出生日期", "birth date"),
    "sex": both("性别", "sex"),
    "cautions": both("注意事项", "cautions"),
    "address": both("住址", "address"),
    "family_contacts": both("紧急联系人", "family contacts"),
    "tag_evidence": both("标签依据", "evidence of tags"),
    "guardians": both("监护人", "guardians"),
    "owner": both("房主", "owner of the home"),
    "photo": both("照片", "photo"),
    "reason": both("理由", "reason"),
    "relation": both("与户主关系", "relation to the head"),
    "tags": both("人员类别", "tags"),
    "colour": both("户卡颜色", "card colour"),
}
