from datetime import timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.dispatch.responders.models import GENERALISTS
from services.dispatch.schemas import Schema, Skill

Minutes = Annotated[int, Field(ge=1, le=10_080)]
CategoryPrefix = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$", max_length=100)]


class Patience(Schema):
    """How long work may stay unacknowledged before the next is asked as well; null: for ever."""

    backup_after_minutes: Minutes | None
    desk_after_minutes: Minutes | None
    """Counted from when the backup was asked."""

    def after(self, level: int) -> timedelta | None:
        """The wait at escalation level 0 (first asked) or 1 (backup asked)."""
        minutes = (self.backup_after_minutes, self.desk_after_minutes, None)[min(level, 2)]
        return None if minutes is None else timedelta(minutes=minutes)


class SkillRule(Schema):
    """What a category of requests, or all below it, asks of a responder."""

    category: CategoryPrefix
    skills: Annotated[list[Skill], Field(max_length=10)]


POLICE_HELP = "public_safety.police_help"
"""What a found person who was not brought home in time asks for."""
_POLICE_RULE = SkillRule(category=POLICE_HELP, skills=["police"])
"""Unless a community's policy says otherwise of this very category."""


class PolicyRules(Schema):
    """The rules of one policy version; the defaults are version 0, in force until a community publishes its own."""

    metres_per_order: Annotated[int, Field(ge=0, le=10_000)] = 150
    """How many metres of way one open order weighs."""
    urgent: Patience = Patience(backup_after_minutes=5, desk_after_minutes=5)
    normal: Patience = Patience(backup_after_minutes=None, desk_after_minutes=None)
    required_skills: Annotated[list[SkillRule], Field(max_length=200)] = Field(default_factory=list)
    """The longest matching category counts. What is not named is grid workers' everyday work."""

    def skills_for(self, category: str) -> frozenset[str]:
        """The skills that a responder needs for a request of `category`; empty for everyday work."""
        return self._named_for(category) or frozenset()

    def usual_skills_for(self, category: str, responder_kind: str | None) -> frozenset[str]:
        """The same, where a category that no rule names is for the kind of responder that usually answers for it.

        A kind is a skill of whoever is of it. Everyday work is grid workers', and needs none.
        """
        named = self._named_for(category)
        if named is not None or responder_kind in (None, *GENERALISTS):
            return named or frozenset()
        return frozenset({responder_kind})

    def _named_for(self, category: str) -> frozenset[str] | None:
        matching = [
            rule for rule in (*self.required_skills, _POLICE_RULE) if f"{category}.".startswith(f"{rule.category}.")
        ]
        longest = max(matching, key=lambda rule: len(rule.category), default=None)
        return frozenset(longest.skills) if longest else None


DEFAULT_RULES = PolicyRules()


class PolicyRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    number: int
    rules: PolicyRules
    published_at: AwareDatetime
    published_by: str
