"""How often somebody may do something. Counted in this process: n replicas behind a balancer allow up to n times more.

A moving window: never more than the amount in any span of the period, whenever it begins. The `limits` package reads
the notation (`5/minute`); its in-memory stores are not used, as they scan every key again and again (700 µs a hit at
10,000 keys) or keep keys for ever.
"""

import hashlib
import ipaddress
import math
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

from limits import parse

from shared.errors import Problem, both

REMEMBERED = 100_000
"""Identities kept for each limit; beyond that the one not seen for longest is forgotten."""

_HASH_KEY = secrets.token_bytes(32)


class TooManyRequests(Problem):
    status = 429
    code = "too-many-requests"
    title = both("操作过于频繁", "Too many requests")

    def __init__(self, retry_after: int, headers: dict[str, str]) -> None:
        super().__init__(
            both(f"请在 {retry_after} 秒后重试。", f"Try again in {retry_after} s."),
            headers=headers | {"Retry-After": str(retry_after)},
            retry_after=retry_after,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands: how many more are allowed now, and in how many seconds there is more room."""

    remaining: int
    seconds: int


class RateLimit:
    """`RateLimit("sign-in", "5/minute")`; the name is shown to callers, so that they know which limit they met."""

    def __init__(self, name: str, allowed: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        item = parse(allowed)
        self.name = name
        self.amount = item.amount
        self.period = item.get_expiry()
        self.policy = f'"{name}";q={self.amount};w={self.period}'
        self._clock = clock
        self._hits: OrderedDict[bytes, deque[float]] = OrderedDict()

    def standing(self, identity: str) -> Standing:
        """How it stands without counting anything."""
        return self._standing(self._recent(_key(identity)), self._clock())

    def hit(self, identity: str) -> Standing | None:
        """Count one use and say how it stands after it; None, and nothing counted, when there is no room."""
        key, now = _key(identity), self._clock()
        recent = self._recent(key)
        if len(recent) >= self.amount:
            return None
        recent.append(now)
        self._hits[key] = recent
        self._hits.move_to_end(key)
        if len(self._hits) > REMEMBERED:
            self._hits.popitem(last=False)
        return self._standing(recent, now)

    def _recent(self, key: bytes) -> deque[float]:
        recent = self._hits.get(key)
        if recent is None:
            return deque()
        start = self._clock() - self.period
        while recent and recent[0] <= start:
            recent.popleft()
        return recent

    def _standing(self, recent: deque[float], now: float) -> Standing:
        seconds = math.ceil(recent[0] + self.period - now) if recent else 0
        return Standing(self.amount - len(recent), max(1, seconds) if recent else self.period)


def enforce(*hits: tuple[RateLimit, str]) -> dict[str, str]:
    """Count one use against every limit, or against none and raise TooManyRequests.

    Each hit is a limit and the identity it is counted for: an address, a phone, an account; only a hash is kept.
    Returns the headers `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10) for the answer.
    """
    before = [(limit, limit.standing(identity)) for limit, identity in hits]
    full = [standing.seconds for _, standing in before if standing.remaining <= 0]
    if full:
        raise TooManyRequests(max(full), _headers(before))
    return _headers([(limit, limit.hit(identity) or Standing(0, limit.period)) for limit, identity in hits])


def address_identity(host: str) -> str:
    """Whom an address stands for: an IPv4 address itself, of IPv6 the /64, which is one subscriber's."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


def _headers(standings: list[tuple[RateLimit, Standing]]) -> dict[str, str]:
    return {
        "RateLimit": ", ".join(f'"{limit.name}";r={now.remaining};t={now.seconds}' for limit, now in standings),
        "RateLimit-Policy": ", ".join(limit.policy for limit, _ in standings),
    }


def _key(identity: str) -> bytes:
    """A keyed hash, so that a memory dump holds no list of phones or addresses."""
    return hashlib.blake2b(identity.encode(), key=_HASH_KEY, digest_size=16).digest()
