"""What dispatch listens to, by source service and event type."""

from services.dispatch.work_orders import intake, overdue, transfers
from shared.consumer import Handlers

CONSUMERS: dict[str, Handlers] = {
    "requests": {
        "requests.request_submitted.v1": intake.keep_submitted_request,
        "requests.request_accepted.v1": intake.keep_promised_time,
        "requests.request_progressed.v1": intake.keep_promised_time,
        "requests.request_noted.v1": intake.keep_promised_time,
        "requests.request_reopened.v1": intake.keep_reopened_request,
        "requests.request_resolved.v1": intake.keep_settled_request,
        "requests.request_confirmed.v1": intake.keep_settled_request,
        "requests.request_rejected.v1": intake.keep_settled_request,
        "requests.request_withdrawn.v1": intake.keep_settled_request,
        "requests.deadline_warned.v1": overdue.remind_of_deadline,
        "requests.deadline_breached.v1": overdue.escalate_overdue,
        "requests.request_merged.v1": intake.keep_settled_request,
        "requests.request_unmerged.v1": intake.keep_reopened_request,
        "requests.request_made_confidential.v1": intake.keep_confidential_request,
        "requests.request_transferred.v1": transfers.keep_transferred_request,
    },
    "residents": {
        "residents.person_erased.v1": intake.forget_person,
        "residents.found_person_escalated.v1": intake.send_police,
    },
}
