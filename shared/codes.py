"""Codes that are tenant key, access scope and statistical roll-up at once.

A community (社区) carries the 12-digit division code of the National Bureau of Statistics: county 6 (GB/T 2260) +
subdistrict 3 + community 3. A grid (网格) has 15 digits: community + 3. A shorter prefix names what contains it.
"""

import re
from typing import Annotated

from pydantic import StringConstraints

CommunityCode = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
GridCode = Annotated[str, StringConstraints(pattern=r"^\d{15}$")]

EVERYWHERE = "*"
"""The scope of a process that serves every community: relay, timers, migrations. Never a person's."""

_SCOPE = re.compile(r"^(\d{2,15}|\*)$")


def check_scope(scope: str) -> str:
    """Return `scope` if it is a code prefix of 2 to 15 digits or `EVERYWHERE`; raise ValueError otherwise."""
    if not _SCOPE.fullmatch(scope):
        raise ValueError("a scope is a prefix of 2 to 15 digits of a division code")
    return scope


def contains(scope: str, code: str) -> bool:
    """Whether `scope` (province, city, county, subdistrict, community or grid) contains `code`."""
    return scope == EVERYWHERE or (bool(scope) and code.startswith(scope))


def community_of(code: str) -> str:
    """The community of a grid or community code."""
    return code[:12]
