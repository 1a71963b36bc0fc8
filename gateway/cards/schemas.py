from pydantic import BaseModel


class TeamMember(BaseModel):
    role: str
    """`police`, `lawyer`, `mediator`, `judicial_officer`."""
    name: str
    phone: str


class PublicCard(BaseModel):
    """Whom to call when you meet somebody who carries this card. Nothing about its bearer."""

    state: str
    """`issued` or `delivered`: in use. `lost`, `replaced`, `revoked`: the numbers are still right."""
    takes_reports: bool = True
    """Whether somebody who carries it can be reported by it."""
    kind: str = "worker"
    """`team`: the whole team of the grid is in front."""
    community_code: str
    grid_code: str
    community_name: str | None = None
    community_name_en: str | None = None
    grid_name: str | None = None
    worker_name: str | None = None
    worker_phone: str | None = None
    team: list[TeamMember] = []
    """For a card of the team only: who serves in the grid beside its worker and agreed to be public."""
    hotline: str
    unavailable: list[str] = []
    """Services that did not answer; what they would have told is null."""
