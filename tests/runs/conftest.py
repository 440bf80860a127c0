"""The databases that runs are tested on."""

from tests.databases import database, postgresql

__all__ = ["database", "postgresql"]
