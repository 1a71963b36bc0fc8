"""The base of every table of this service, and the condition that every query for a caller begins with."""

from shared.db import TableBase, table_registry
from shared.grid_directory import GRID_METADATA


class Base(TableBase, registry=table_registry()):
    """The tables of this service, in metadata of their own."""


MORE_METADATA = (GRID_METADATA,)
"""Tables of the kit that this service keeps beside those that all have."""
