"""The base of the gateway's tables. Accounts are global: a phone signs in before anyone knows its community."""

from shared.db import table_base

Base = table_base()

GLOBAL = "000000000000"
"""Stands where the kit's tables want a community code and the row belongs to none."""
