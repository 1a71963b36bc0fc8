"""Metrics and traces of one process. A trace that starts at the gateway goes on through outbox, JetStream and consumer.

Trace context is W3C Trace Context. Spans carry route templates, methods, states and codes, never paths or values. They
are exported (OTLP over HTTP) only when an endpoint is set; without one they only pass the ids on, for some 5 µs each.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, StatusCode, TraceFlags, Tracer
from prometheus_client import REGISTRY, CollectorRegistry, Gauge, Histogram, generate_latest

from shared.logs import configure_logging
from shared.settings import CommonSettings

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)

Labels = str | int | float | bool


class Telemetry:
    """The metrics and the tracer of one application; creating it also sets up the process's logs.

    Counters and gauges of the kit's other files live in prometheus-client's own registry and are shown with these.
    """

    def __init__(self, service: str, settings: CommonSettings) -> None:
        configure_logging(service, settings.log_level)
        self.service = service
        self.registry = CollectorRegistry()
        self.in_flight = Gauge(
            "kaiyuan_http_requests_in_flight", "Requests being answered now.", registry=self.registry
        )
        self._requests = Histogram(
            "kaiyuan_http_request_seconds",
            "Time to answer, by route template.",
            ["method", "route", "status"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._of_requests: dict[tuple[str, str, int], Histogram] = {}
        self.provider = _provider(service, settings.otlp_endpoint)
        _active[0] = self.provider.get_tracer("kaiyuan")

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request. `route` is a template (`/v1/people/{id}`), so the number of series is bounded."""
        key = (method, route, status)
        series = self._of_requests.get(key)
        if series is None:
            series = self._of_requests[key] = self._requests.labels(method, route, str(status))
        series.observe(seconds)

    def metrics(self) -> bytes:
        """Everything that this process counts, in Prometheus' text format."""
        return generate_latest(self.registry) + generate_latest(REGISTRY)


def _provider(service: str, otlp_endpoint: str) -> TracerProvider:
    resource = Resource.create({"service.name": service, "service.namespace": "kaiyuan"})
    if not otlp_endpoint:
        return TracerProvider(sampler=ALWAYS_OFF, resource=resource, shutdown_on_exit=False)
    provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


# OpenTelemetry's global provider can be set only once a process, which tests with several applications outlive.
_active: list[Tracer] = [TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False).get_tracer("kaiyuan")]


@contextmanager
def span(
    name: str, *, kind: SpanKind = SpanKind.INTERNAL, traceparent: str | None = None, **attributes: Labels
) -> Iterator[Span]:
    """A step of the current trace, or of the one that `traceparent` names.

    `publish …` is a PRODUCER, `consume …` a CONSUMER. An exception marks it as failed, by class; its message stays out.
    """
    parent = context_of(traceparent) if traceparent else None
    started = _active[0].start_span(name, context=parent, kind=kind, attributes=attributes, record_exception=False)
    token = context.attach(trace.set_span_in_context(started))
    try:
        yield started
    except BaseException as error:
        started.set_attribute("error.type", type(error).__name__)
        started.set_status(StatusCode.ERROR)
        raise
    finally:
        context.detach(token)
        started.end()


@contextmanager
def trace_from(traceparent: str | None) -> Iterator[None]:
    """Go on with the trace that a message brought along; without one, with none."""
    token = context.attach(context_of(traceparent))
    try:
        yield
    finally:
        context.detach(token)


def current_traceparent() -> str | None:
    """What to hand on with a message or request (W3C Trace Context); None outside of any trace."""
    current = trace.get_current_span().get_span_context()
    if not current.is_valid:
        return None
    return f"00-{current.trace_id:032x}-{current.span_id:016x}-{current.trace_flags:02x}"


def context_of(traceparent: str | None) -> context.Context:
    """The remote parent that a `traceparent` names; a malformed one is ignored, as §3.2.3 demands."""
    found = _TRACEPARENT.match(traceparent or "")
    if found is None:
        return context.Context()
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    remote = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags & 1))
    return (
        trace.set_span_in_context(NonRecordingSpan(remote), context.Context()) if remote.is_valid else context.Context()
    )


def start_server_span(method: str, traceparent: str | None) -> tuple[Span, object]:
    """Start and enter the span of an incoming request; its route is not known yet. Hand both to `end_server_span`."""
    started = _active[0].start_span(method, context=context_of(traceparent), kind=SpanKind.SERVER)
    return started, context.attach(trace.set_span_in_context(started))


def end_server_span(entered: tuple[Span, object], method: str, route: str, status: int) -> None:
    """End it under its route's name, by OpenTelemetry's conventions for HTTP servers."""
    started, token = entered
    context.detach(token)  # pyright: ignore[reportArgumentType]
    if started.is_recording():
        started.update_name(f"{method} {route}")
        started.set_attributes(
            {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        )
        if status >= 500:
            started.set_status(StatusCode.ERROR)
    started.end()
