"""Requests are counted in the database, where several servers share one."""

import sqlalchemy as sa
from alembic import op

from rabisco.store.tables import UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of counts."""
    op.create_table(
        "rates",
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rates")),
    )
    op.create_index(op.f("ix_rates_expires"), "rates", ["expires"])
