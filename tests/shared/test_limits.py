import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import limits
from shared.limits import RateLimit, Standing, TooManyRequests, address_identity, enforce


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_limit_is_met_and_has_room_again(clock: Clock) -> None:
    limit = RateLimit("sign-in", "3/minute", clock=clock)
    assert limit.standing("a") == Standing(3, 60)
    assert limit.hit("a") == Standing(2, 60)
    clock.now += 20
    assert limit.hit("a") == Standing(1, 40)
    assert limit.hit("a") == Standing(0, 40)
    assert limit.hit("a") is None
    assert limit.hit("b") == Standing(2, 60)
    clock.now += 40
    assert limit.hit("a") == Standing(0, 20)
    assert limit.hit("a") is None


@given(st.lists(st.floats(0, 30), min_size=1, max_size=80), st.integers(1, 6))
def test_no_window_ever_holds_more(gaps: list[float], amount: int) -> None:
    clock = Clock()
    limit = RateLimit("x", f"{amount}/10second", clock=clock)
    times = []
    for gap in gaps:
        clock.now += gap
        room = sum(clock.now - 10 < each for each in times) < amount
        assert (limit.hit("a") is not None) is room  # never more, and never fewer without need
        if room:
            times.append(clock.now)


def test_headers_and_refusal(clock: Clock) -> None:
    by_phone = RateLimit("otp-phone", "1/minute", clock=clock)
    by_address = RateLimit("otp-address", "10/hour", clock=clock)
    assert enforce((by_phone, "13812345678"), (by_address, "192.0.2.1")) == {
        "RateLimit": '"otp-phone";r=0;t=60, "otp-address";r=9;t=3600',
        "RateLimit-Policy": '"otp-phone";q=1;w=60, "otp-address";q=10;w=3600',
    }
    clock.now += 15
    with pytest.raises(TooManyRequests) as refused:
        enforce((by_phone, "13812345678"), (by_address, "192.0.2.1"))
    assert refused.value.headers == {
        "RateLimit": '"otp-phone";r=0;t=45, "otp-address";r=9;t=3585',
        "RateLimit-Policy": '"otp-phone";q=1;w=60, "otp-address";q=10;w=3600',
        "Retry-After": "45",
    }
    assert refused.value.document("en")["detail"] == "Try again in 45 s."
    assert refused.value.document("zh")["detail"] == "请在 45 秒后重试。"
    # What one limit refused is not counted by the other.
    assert by_address.standing("192.0.2.1").remaining == 9


def test_no_identity_is_kept_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(limits, "REMEMBERED", 50)
    limit = RateLimit("x", "1/hour", clock=clock)
    for n in range(60):
        limit.hit(f"138000000{n:02}")
    assert limit.hit("13800000059") is None
    assert limit.hit("13800000000") is not None  # the oldest is forgotten
    kept = pickle.dumps(limit._hits)
    assert b"138000" not in kept
    assert len(limit._hits) == 50


def test_looking_does_not_remember(clock: Clock) -> None:
    limit = RateLimit("x", "1/hour", clock=clock)
    limit.standing("a")
    assert not limit._hits


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("unix", "unix", True),
    ],
)
def test_whom_an_address_stands_for(one: str, other: str, same: bool) -> None:
    assert (address_identity(one) == address_identity(other)) is same


def test_many_identities_cost_no_more() -> None:
    limit = RateLimit("x", "60/minute")
    started = time.process_time()  # of this process alone: others may be busy
    for n in range(20_000):
        limit.hit(str(n))
    assert (time.process_time() - started) / 20_000 < 100e-6  # measured: 4 µs
