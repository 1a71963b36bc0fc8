"""The one table that says which service answers which prefix. The longest prefix wins; nothing else is passed on."""

RESIDENTS, REQUESTS, MERCHANTS, DISPATCH = SERVICES = ("residents", "requests", "merchants", "dispatch")

ROUTES = {
    "/v1/addresses": RESIDENTS,
    "/v1/households": RESIDENTS,
    "/v1/people": RESIDENTS,
    "/v1/duplicates": RESIDENTS,
    "/v1/card-overrides": RESIDENTS,
    "/v1/colour-schemes": RESIDENTS,
    "/v1/contact-cards": RESIDENTS,
    "/v1/found-persons": RESIDENTS,
    "/v1/notices": RESIDENTS,
    "/v1/sync/residents": RESIDENTS,
    "/v1/processing-purposes": RESIDENTS,
    "/v1/rights-requests": RESIDENTS,
    "/v1/access-reviews": RESIDENTS,
    "/v1/retention-rules": RESIDENTS,
    "/v1/imports": RESIDENTS,
    "/v1/exports": RESIDENTS,
    "/v1/public/contact-cards": RESIDENTS,
    "/v1/public/found-reports": RESIDENTS,
    "/v1/public/family-links": RESIDENTS,
    "/v1/public/tracked-requests": REQUESTS,
    "/v1/answer-templates": REQUESTS,
    "/v1/categories": REQUESTS,
    "/v1/request-views": REQUESTS,
    "/v1/service-requests": REQUESTS,
    "/v1/commendations": REQUESTS,
    "/v1/request-clusters": REQUESTS,
    "/v1/deliberations": REQUESTS,
    "/v1/projects": REQUESTS,
    "/v1/working-calendar": REQUESTS,
    "/v1/mediations": REQUESTS,
    "/v1/statistics": REQUESTS,
    "/v1/abuse-flags": REQUESTS,
    "/v1/articles": REQUESTS,
    "/v1/merchants": MERCHANTS,
    "/v1/offers": MERCHANTS,
    "/v1/quotes": MERCHANTS,
    "/v1/redemptions": MERCHANTS,
    "/v1/communities": DISPATCH,
    "/v1/dispatch-policies": DISPATCH,
    "/v1/grids": DISPATCH,
    "/v1/objections": DISPATCH,
    "/v1/responders": DISPATCH,
    "/v1/work-orders": DISPATCH,
}

LARGE_BODIES = {
    "/v1/people/{person_id}/photo": 10,
    "/v1/imports": 32,
    "/v1/found-persons/{case_id}/photos": 10,
    "/v1/public/found-reports/{report_id}/photos": 10,
    "/v1/service-requests/{request_id}/attachments": 10,
    "/v1/public/tracked-requests/{reference}/photos": 10,
    "/v1/projects/{project_id}/photos": 10,
    "/v1/deliberations/{deliberation_id}/photos": 10,
    "/c/{code}/reports/{report_id}/photos": 11,
    "/r/{reference}/photo": 11,
    "/open311/v2/requests.{response_format}": 31,
}
"""What may be larger than 1 MiB, and how many MiB: the services' own limits, for a body is read here first."""

PATIENCE = {
    "/v1/imports": 60.0,
    "/v1/exports": 60.0,
}
"""Prefixes below which a service may take so many seconds: it reads or writes whole sheets."""

STREAMS = ("/v1/service-requests/stream",)
"""Paths whose answers stay open: passed on piece by piece as they come, for as long as the service sends."""

PUBLIC_PREFIX = "/v1/public/"
"""What lies below needs no token, here and in the service; everything else needs one in both."""


def prefix_of(path: str) -> str | None:
    """The longest prefix of whole segments that the table holds.

    None for a path with an empty, `.` or `..` segment: what we check and what a service reads must be one path.
    """
    segments = path.split("/")
    if segments[0] or any(segment in ("", ".", "..") for segment in segments[1:]):
        return None
    for length in range(len(segments), 2, -1):
        prefix = "/".join(segments[:length])
        if prefix in ROUTES:
            return prefix
    return None


def is_public(path: str) -> bool:
    return path.startswith(PUBLIC_PREFIX)
