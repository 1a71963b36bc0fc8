from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

RedemptionsReserve = Annotated[Principal, Depends(allow(Role.RESIDENT))]
RedemptionsRead = Annotated[Principal, Depends(allow(Role.RESIDENT, Role.MERCHANT, Role.STAFF, Role.HEAD))]
"""Residents their own, merchants their shop's, staff their community's."""
RedemptionsRedeem = Annotated[Principal, Depends(allow(Role.MERCHANT))]
RedemptionsReverse = Annotated[Principal, Depends(allow(Role.MERCHANT, Role.STAFF, Role.HEAD))]
