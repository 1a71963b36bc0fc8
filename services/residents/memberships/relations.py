"""What relations become when another member heads the household. Pure.

Only what follows is concluded: the head's spouse's child counts as the head's child, a sibling's child is somebody's
nephew and so an `other_relative`. Staff correct the rest.
"""

from services.residents.memberships.models import HouseholdRelation

_R = HouseholdRelation
_UNRELATED = frozenset({_R.LODGER, _R.CARER, _R.EMPLOYEE, _R.OTHER})

_INVERSE = {
    _R.SPOUSE: _R.SPOUSE,
    _R.CHILD: _R.PARENT,
    _R.CHILD_IN_LAW: _R.PARENT_IN_LAW,
    _R.PARENT: _R.CHILD,
    _R.PARENT_IN_LAW: _R.CHILD_IN_LAW,
    _R.GRANDPARENT: _R.GRANDCHILD,
    _R.GRANDCHILD: _R.GRANDPARENT,
    _R.SIBLING: _R.SIBLING,
    _R.OTHER_RELATIVE: _R.OTHER_RELATIVE,
}
"""What the old head is to somebody who was this to them."""

_THROUGH: dict[HouseholdRelation, dict[HouseholdRelation, HouseholdRelation]] = {
    _R.SPOUSE: {
        _R.CHILD: _R.CHILD,
        _R.GRANDCHILD: _R.GRANDCHILD,
        _R.CHILD_IN_LAW: _R.CHILD_IN_LAW,
        _R.PARENT: _R.PARENT_IN_LAW,
        _R.PARENT_IN_LAW: _R.PARENT,
    },
    _R.CHILD: {_R.SPOUSE: _R.PARENT, _R.CHILD: _R.SIBLING, _R.PARENT: _R.GRANDPARENT},
    _R.CHILD_IN_LAW: {_R.SPOUSE: _R.PARENT_IN_LAW},
    _R.PARENT: {_R.SPOUSE: _R.CHILD_IN_LAW, _R.CHILD: _R.GRANDCHILD, _R.SIBLING: _R.CHILD, _R.PARENT: _R.SPOUSE},
    _R.PARENT_IN_LAW: {_R.SPOUSE: _R.CHILD, _R.CHILD: _R.GRANDCHILD, _R.PARENT_IN_LAW: _R.SPOUSE},
    _R.SIBLING: {_R.SIBLING: _R.SIBLING, _R.PARENT: _R.PARENT, _R.GRANDPARENT: _R.GRANDPARENT},
    _R.GRANDCHILD: {_R.SPOUSE: _R.GRANDPARENT},
}
"""By what the new head was to the old one: what others become."""


def relation_to_new_head(of: HouseholdRelation, new_head: HouseholdRelation) -> HouseholdRelation:
    """What somebody is to the new head, given what both were to the old one. The old head is `HEAD`."""
    if of in _UNRELATED:
        return of
    if new_head in _UNRELATED:
        return _R.OTHER
    if of is _R.HEAD:
        return _INVERSE[new_head]
    return _THROUGH.get(new_head, {}).get(of, _R.OTHER_RELATIVE)
