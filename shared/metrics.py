"""What the event path and the timers count, in prometheus-client's own registry."""

from prometheus_client import Counter, Gauge, Histogram

OUTBOX_PENDING = Gauge("kaiyuan_outbox_pending", "Committed events that are not published yet.", ["service"])
OUTBOX_OLDEST = Gauge("kaiyuan_outbox_oldest_seconds", "Age of the oldest event not published yet.", ["service"])
OUTBOX_HELD = Gauge("kaiyuan_outbox_held", "Aggregates held back because an event of theirs is refused.", ["service"])
PUBLISHED = Counter("kaiyuan_events_published", "Events that JetStream acknowledged.", ["service"])
PUBLISH_FAILURES = Counter("kaiyuan_publish_failures", "Batches that will be sent again.", ["service"])

CONSUMED = Counter("kaiyuan_events_consumed", "Deliveries, by what became of them.", ["consumer", "outcome"])
"""Outcomes: handled, duplicate, ignored (a type or version nobody here reads), failed (comes again), dead."""

SWEEP_SECONDS = Histogram("kaiyuan_timer_sweep_seconds", "Duration of a timer's sweeps.", ["timer"])
SWEPT = Counter("kaiyuan_timer_rows", "Rows that a timer dealt with.", ["timer"])
SWEEP_FAILURES = Counter("kaiyuan_timer_failures", "Sweeps that failed and will run again.", ["timer"])
