"""The vocabulary of the six "in the community" themes, on every offer, class, activity and project."""

from enum import StrEnum


class Theme(StrEnum):
    """One of the six "in the community" themes (六在社区)."""

    LEARN = "learn"
    """学."""
    SAFE = "safe"
    """安."""
    LOVE = "love"
    """爱."""
    JOY = "joy"
    """乐."""
    BEAUTY = "beauty"
    """美."""
    WISE = "wise"
    """智."""
