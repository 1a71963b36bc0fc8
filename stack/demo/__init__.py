"""The demo community: invented, deterministic, and big enough to be real."""

from collections.abc import Mapping
from typing import Any

from stack.demo.accounts import ACCOUNTS as ACCOUNTS
from stack.demo.places import COMMUNITY_CODE
from stack.demo.staff import PASSWORD


async def load(environment: Mapping[str, str], report: Any) -> None:
    """Load the demo community into a running system; harmless if it is there already."""
    from stack.demo.loading import load as load_everything  # noqa: PLC0415 - the services' code is needed only here

    await load_everything(environment, report)


async def play(environment: Mapping[str, str], console: Any) -> None:
    """Play three stories against a running system and narrate what the API answered."""
    from stack.demo.playing import play as play_stories  # noqa: PLC0415

    await play_stories(environment, console)


def examples(url: str) -> list[str]:
    """Three lines of curl that work as pasted against a freshly started system."""
    login = (
        f"TOKEN=$(curl -s {url}/v1/auth/login -H 'Content-Type: application/json'"
        f""" -d '{{"username":"staff","password":"{PASSWORD}"}}' | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')"""
    )
    return [
        login,
        f"curl -s '{url}/v1/grids?limit=3' -H \"Authorization: Bearer $TOKEN\"",
        f"curl -s {url}/v1/people/search -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json'"
        """ -d '{"purpose":"lost_person","name":"shan","building":"1号楼"}'""",
    ]


__all__ = ["ACCOUNTS", "COMMUNITY_CODE", "examples", "load", "play"]
