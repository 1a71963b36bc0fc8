"""The page on which a request is followed without an account: one document, complete without scripts."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from gateway.public_page.page import respond
from gateway.tracking_page.words import DONE, FAILED, PAGE, STATES, WHY, step_name
from shared.clock import CHINA
from shared.errors import Bilingual

LANGUAGES = ("zh", "en")


@dataclass(slots=True)
class Page:
    """What the page shows."""

    language: str
    hotline: str
    status: int = 200
    path: str = "/r"
    """Of the request, without a query; where its forms go."""
    tracked: dict[str, Any] | None = None
    token: str = ""
    """Of a link that has not been opened yet."""
    done: str = ""
    failed: int = 0
    why: str = ""
    """The code of what went wrong, where it is known."""
    is_unknown: bool = False
    is_away: bool = False
    typed: str = ""
    """What was written and not sent."""


def render(page: Page) -> Response:
    other = LANGUAGES[1 - LANGUAGES.index(page.language)]

    def say(words: Bilingual) -> str:
        return words.en if page.language == "en" else words.zh

    context = {
        "page": page,
        "tracked": page.tracked,
        "words": {name: say(words) for name, words in PAGE.items()},
        "lang": "en" if page.language == "en" else "zh-CN",
        "other": other,
        "other_lang": "en" if other == "en" else "zh-CN",
        "done": say(DONE[page.done]) if page.done in DONE else "",
        "failed": say(WHY.get(page.why) or FAILED.get(page.failed, FAILED[503])) if page.failed else "",
        "state": lambda state: say(STATES[state]) if state in STATES else state,
        "step": lambda step: say(step_name(step)),
        "moment": lambda at: _moment(at, page.language),
        "key": secrets.token_urlsafe(16),
    }
    return respond("tracking.html", page.status, context, language=context["lang"])


def _moment(at: str, language: str) -> str:
    """A time in China, as it is read."""
    when = datetime.fromisoformat(at).astimezone(CHINA)
    return f"{when:%-d %b %Y, %H:%M}" if language == "en" else f"{when.year}年{when.month}月{when.day}日 {when:%H:%M}"
