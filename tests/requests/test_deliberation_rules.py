"""When a meeting may decide and what it has decided: whole numbers, stated by the law and by the invitation."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.deliberations.rules import Majority, Outcome, Quorum, Tally, is_quorate, outcome

COUNTS = st.integers(0, 300)
TALLIES = st.builds(Tally, COUNTS, COUNTS, COUNTS)
PARTS = {Quorum.HALF: Fraction(1, 2), Quorum.TWO_THIRDS: Fraction(2, 3), Quorum.ALL: Fraction(1)}


@given(quorum=st.sampled_from(Quorum), present=COUNTS, members=st.integers(1, 300))
def test_a_quorum_is_the_part_that_it_names(quorum: Quorum, present: int, members: int) -> None:
    share = Fraction(present, members)
    expected = share > Fraction(1, 2) if quorum is Quorum.MAJORITY else share >= PARTS[quorum]
    assert is_quorate(quorum, present=present, members=members) is expected


@pytest.mark.parametrize("quorum", list(Quorum))
def test_a_meeting_without_members_never_decides(quorum: Quorum) -> None:
    assert not is_quorate(quorum, present=0, members=0)


@given(tally=TALLIES)
def test_plain_majorities_are_of_the_votes_cast(tally: Tally) -> None:
    share = Fraction(tally.in_favour, tally.cast) if tally.cast else Fraction(0)
    carried = {
        Majority.MAJORITY: share > Fraction(1, 2),
        Majority.TWO_THIRDS: share >= Fraction(2, 3),
    }
    for majority, is_carried in carried.items():
        assert outcome(majority, tally, Tally()) is (Outcome.CARRIED if is_carried else Outcome.FAILED)


@given(heads=TALLIES, area=TALLIES, owners=st.integers(1, 900), whole=st.integers(1, 900))
def test_owners_decide_as_article_278_says(heads: Tally, area: Tally, owners: int, whole: int) -> None:
    part = Fraction(2, 3)
    takes_part = Fraction(heads.cast, owners) >= part and Fraction(area.cast, whole) >= part
    shares = [Fraction(each.in_favour, each.cast) if each.cast else Fraction(0) for each in (heads, area)]
    expected = {
        Majority.OWNERS: all(share > Fraction(1, 2) for share in shares),
        Majority.OWNERS_SPECIAL: all(share >= Fraction(3, 4) for share in shares),
    }
    for majority, is_carried in expected.items():
        decided = outcome(majority, heads, area, electorate=owners, electorate_area=whole)
        if not takes_part:
            assert decided is Outcome.TOO_FEW
        else:
            assert decided is (Outcome.CARRIED if is_carried else Outcome.FAILED)
