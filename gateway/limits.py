"""How often one phone, account, address or caller may do what; counted per gateway process."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from shared.auth import Principal, authenticate
from shared.limits import RateLimit, address_identity, enforce


class Limits:
    """The limits of one running gateway; `factor` multiplies every amount."""

    def __init__(self, factor: int = 1) -> None:
        def limit(name: str, amount: int, period: str) -> RateLimit:
            return RateLimit(name, f"{amount * factor}/{period}")

        self.codes_per_phone = limit("codes-per-phone", 5, "hour")
        self.codes_per_address = limit("codes-per-address", 30, "hour")
        self.sign_ins_here = limit("sign-ins-per-account-and-address", 10, "minute")
        self.sign_ins_per_account = limit("sign-ins-per-account", 60, "hour")
        """Guesses from many addresses at one account; its owner's own address has `sign_ins_here` besides."""
        self.sign_ins_per_address = limit("sign-ins-per-address", 60, "minute")
        self.public_reads = limit("public-reads-per-address", 120, "minute")
        self.scans_per_card = limit("scans-per-card", 60, "minute")
        self.unknown_codes = limit("unknown-codes-per-address", 20, "hour")
        """Codes that no card has: a few are mistyped, many are guessed."""
        self.reports_per_address = limit("found-reports-per-address", 20, "hour")
        self.reports_per_card = limit("found-reports-per-card", 30, "hour")
        self.words_per_address = limit("words-per-address", 60, "hour")
        self.words_per_page = limit("words-per-page", 60, "hour")
        self.open311_calls = limit("open311-calls-per-address", 600, "minute")
        """A partner's system speaks for all of its users from one address."""
        self.links_per_request = limit("links-per-request", 5, "hour")
        self.links_per_address = limit("links-per-address", 10, "hour")
        """Asking for a new link: whoever asks gives four digits of a phone, and should not try many."""
        self.calls = limit("calls-per-caller", 1200, "minute")

    def of_sign_in(self, account: str, address: str) -> dict[str, str]:
        """Count one attempt to sign in to `account`; returns the headers for the answer."""
        return enforce(
            (self.sign_ins_here, f"{account}\0{address}"),
            (self.sign_ins_per_account, account),
            (self.sign_ins_per_address, address),
        )

    def of_public(self, method: str, path: str, address: str) -> dict[str, str]:
        """Count one call that needs no token. Reports about a found person are rarer and dearer than reads; what is
        said once a case is open (messages, places, photos) lies between."""
        if method in ("GET", "HEAD", "OPTIONS"):
            return enforce((self.public_reads, address))
        page, _, said = path.rpartition("/")
        if said in _SAID:
            return enforce((self.words_per_address, address), (self.words_per_page, page))
        return enforce((self.reports_per_address, address), (self.reports_per_card, path))

    def of_open311(self, address: str) -> dict[str, str]:
        """Count one call of an Open311 client."""
        return enforce((self.open311_calls, address))

    def of_scan(self, code: str, address: str) -> dict[str, str]:
        """Count one look at a card, unless this address has guessed too many codes."""
        if self.unknown_codes.standing(address).remaining <= 0:
            self.of_unknown_code(address)
        return enforce((self.public_reads, address), (self.scans_per_card, code.upper()))

    def of_tracking(self, address: str) -> dict[str, str]:
        """Count one look at a tracking page, unless this address has guessed too many references."""
        if self.unknown_codes.standing(address).remaining <= 0:
            self.of_unknown_code(address)
        return enforce((self.public_reads, address))

    def of_tracking_post(self, verb: str, reference: str, address: str) -> dict[str, str]:
        """Count one form of a tracking page."""
        self.of_tracking(address)
        if verb == "ask-for-link":
            return enforce((self.links_per_address, address), (self.links_per_request, reference.upper()))
        return enforce((self.words_per_address, address), (self.words_per_page, reference.upper()))

    def of_unknown_code(self, address: str) -> None:
        """Count one code that no card has."""
        enforce((self.unknown_codes, address))

    def of_caller(self, principal: Principal) -> dict[str, str]:
        return enforce((self.calls, principal.subject))


_SAID = frozenset({"messages", "sightings", "photos"})


def address_of(connection: HTTPConnection) -> str:
    """Whom the peer's address stands for. Behind a balancer uvicorn's `--forwarded-allow-ips` makes it the client's."""
    return address_identity(connection.client.host if connection.client else "unknown")


async def limit_caller(request: Request, response: Response) -> None:
    response.headers.update(request.app.state.limits.of_caller(await authenticate(request)))


Limited = Annotated[None, Depends(limit_caller)]
"""Declared by the gateway's own routes for signed-in callers; the pass-through counts the others."""
