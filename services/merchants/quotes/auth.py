from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

QuotesAsk = Annotated[Principal, Depends(allow(Role.RESIDENT, Role.STAFF, Role.HEAD, Role.MERCHANT))]
"""Offers for certain groups are attested for residents; others see what anybody gets."""
ConditionsAsk = Annotated[Principal, Depends(allow(Role.GATEWAY))]
