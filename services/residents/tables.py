"""The base of every table of this service; a module's `models.py` imports it."""

from shared.db import table_base
from shared.grid_directory import GRID_METADATA

Base = table_base()
MORE_METADATA = (GRID_METADATA,)
"""Tables of the kit that this service keeps beside those that all have."""
