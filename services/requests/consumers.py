"""What requests listens to, by source service and event type."""

from services.requests.following.watching import follow_worker_assigned
from services.requests.found_persons import consumers as found_persons
from services.requests.person_merges.consumers import follow_merge_undone, follow_merged
from services.requests.service_requests.erasure import forget_person
from services.requests.work_orders import consumers as work_orders
from shared.consumer import Handlers
from shared.crypto import Keyring
from shared.grid_directory import keep_published_grid


def consumers(keyring: Keyring) -> dict[str, Handlers]:
    """The handlers; erasure needs the keys."""
    return {
        "residents": {
            "residents.found_person_reported.v1": found_persons.submit_for_found_person,
            "residents.found_person_identified.v1": found_persons.follow_identified,
            "residents.found_person_handed_over.v1": found_persons.follow_handed_over,
            "residents.found_person_closed.v1": found_persons.follow_closed,
            "residents.person_erased.v1": forget_person(keyring),
            "residents.person_merged.v1": follow_merged,
            "residents.person_merge_undone.v1": follow_merge_undone,
        },
        "dispatch": {
            "dispatch.grid_published.v1": keep_published_grid,
            "dispatch.grid_worker_assigned.v1": follow_worker_assigned,
            "dispatch.work_order_created.v1": work_orders.follow_created,
            "dispatch.work_order_assigned.v1": work_orders.follow_assigned,
            "dispatch.work_order_acknowledged.v1": work_orders.follow_acknowledged,
            "dispatch.work_order_started.v1": work_orders.follow_started,
            "dispatch.work_order_completed.v1": work_orders.follow_completed,
            "dispatch.work_order_handed_back.v1": work_orders.follow_handed_back,
            "dispatch.work_order_objected.v1": work_orders.follow_objected,
            "dispatch.work_order_objection_decided.v1": work_orders.follow_objection_decided,
            "dispatch.work_order_objection_overdue.v1": work_orders.follow_escalated,
            "dispatch.work_order_escalated.v1": work_orders.follow_escalated,
            "dispatch.work_order_cancelled.v1": work_orders.follow_cancelled,
        },
    }
