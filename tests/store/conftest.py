"""The databases that the store is tested on."""

from tests.databases import database, postgresql

__all__ = ["database", "postgresql"]
