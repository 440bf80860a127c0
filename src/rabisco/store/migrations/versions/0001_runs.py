"""Runs and their events, uploads, corrections."""

import sqlalchemy as sa
from alembic import op

from rabisco.store.tables import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("wanted", sa.String(8), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("architecture", sa.String(60), nullable=False),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("artifact", sa.String(60), nullable=False),
        sa.Column("artifact_version", sa.Integer()),
        sa.Column("accuracy", sa.Double()),
        sa.Column("metrics", sa.JSON()),
        sa.Column("progress", sa.JSON()),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("queued", UtcDateTime(), nullable=False),
        sa.Column("started", UtcDateTime()),
        sa.Column("ended", UtcDateTime()),
        sa.Column("host", sa.String(120), nullable=False),
        sa.Column("pid", sa.Integer()),
        sa.Column("process_started", sa.String(80), nullable=False),
        sa.Column("heartbeat", UtcDateTime()),
        sa.Column("launches", sa.Integer(), nullable=False),
        sa.Column("last_event", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("retry_of", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.ForeignKeyConstraint(["retry_of"], ["runs.id"], name="fk_runs_retry_of", ondelete="SET NULL"),
    )
    op.create_index("ix_runs_state", "runs", ["state"])
    op.create_index("ix_runs_created", "runs", ["created"])
    op.create_table(
        "run_events",
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_run_events"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_events_run_id", ondelete="CASCADE"),
    )
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("folder", sa.String(255), nullable=False),
        sa.Column("inspection", sa.JSON()),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_created", "uploads", ["created"])
    op.create_index("ix_uploads_owner", "uploads", ["owner"])
    op.create_table(
        "corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("model", sa.String(60), nullable=False),
        sa.Column("artifact_version", sa.Integer(), nullable=False),
        sa.Column("predicted", sa.String(80), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("true_label", sa.String(80)),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.Column("used_in_run", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_corrections"),
        sa.ForeignKeyConstraint(["used_in_run"], ["runs.id"], name="fk_corrections_used_in_run", ondelete="SET NULL"),
    )
    op.create_index("ix_corrections_created", "corrections", ["created"])
    op.create_index("ix_corrections_person", "corrections", ["person"])
