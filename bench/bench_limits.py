"""One rate limit hit while ten thousand others are remembered."""

from itertools import count

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bench.result import Result, microseconds
from shared.limits import RateLimit


async def run() -> list[Result]:
    limit, package, item = RateLimit("bench", "60/minute"), MovingWindowRateLimiter(MemoryStorage()), parse("60/minute")
    mine, theirs = count(), count()
    for identity in range(10_000):
        limit.hit(str(identity))
        package.hit(item, str(identity))
    ours, other = microseconds(
        lambda: limit.hit(str(next(mine) % 10_000)), lambda: package.hit(item, str(next(theirs) % 10_000))
    )
    return [Result("rate limit hit, moving window", ours, "µs", "the limits package", other)]
