"""The base of the gateway's tables. Accounts are global: a phone signs in before anyone knows its community."""

from shared.db import TableBase, table_registry


class Base(TableBase, registry=table_registry()):
    """The gateway's tables, in metadata of their own."""


GLOBAL = "000000000000"
"""Stands where the kit's tables want a community code and the row belongs to none."""
