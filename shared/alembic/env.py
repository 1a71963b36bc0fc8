"""Alembic's environment for all five databases; `shared.migrate` sets the attributes."""

from alembic import context

from shared.migrate import run_in_context

run_in_context(context)
