"""What an import may become. One table; whoever is not in it is refused."""

from datetime import datetime

from services.residents.imports.models import ImportJob, ImportState
from shared.errors import WrongState

_FROM = {
    ImportState.UPLOADED: {ImportState.UPLOADED, ImportState.CHECKED},
    ImportState.CHECKING: {ImportState.UPLOADED, ImportState.CHECKED},
    ImportState.CHECKED: {ImportState.CHECKING},
    ImportState.RUNNING: {ImportState.CHECKED},
    ImportState.DONE: {ImportState.RUNNING},
    ImportState.FAILED: {ImportState.CHECKING, ImportState.RUNNING},
    ImportState.CANCELLED: {
        ImportState.UPLOADED,
        ImportState.CHECKING,
        ImportState.CHECKED,
        ImportState.RUNNING,
    },
}
"""State → those from which it is reached. A changed mapping puts a checked sheet back to uploaded."""

_BEGINS = {ImportState.CHECKING, ImportState.RUNNING}


def move(job: ImportJob, to: ImportState, at: datetime) -> None:
    """Put a locked job into another state; WrongState if it cannot go there from here."""
    if job.state not in _FROM[to]:
        raise WrongState(job.state, _FROM[to])
    job.state = to
    if to in _BEGINS:
        job.next_part = job.rows_done = job.attempts = 0
        job.phase_began_at, job.phase_ended_at = at, None
    elif to is not ImportState.UPLOADED:
        job.phase_ended_at = at
    job.version += 1
    job.updated_at = at
