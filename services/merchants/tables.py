"""The base of every table of this service, and the conditions that queries of any module are made of."""

from shared.db import TableBase, table_registry


class Base(TableBase, registry=table_registry()):
    """The tables of this service, in metadata of their own."""
