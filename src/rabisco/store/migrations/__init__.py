"""The history of the tables, one step per file, run by Alembic; see ``rabisco.store.schema``."""
