"""The base of every table of this service; a module's `models.py` imports it."""

from shared.db import table_base

Base = table_base()
