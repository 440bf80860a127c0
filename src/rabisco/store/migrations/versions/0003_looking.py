"""Looking through an upload is work of a process that the supervisor starts, as a training is."""

import sqlalchemy as sa
from alembic import op

from rabisco.store.tables import UtcDateTime, now

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Give uploads a state and a process; those that nobody looked through are looked through now."""
    with op.batch_alter_table("uploads") as table:
        table.add_column(sa.Column("state", sa.String(16), nullable=False, server_default="queued"))
        table.add_column(sa.Column("queued", UtcDateTime()))
        table.add_column(sa.Column("host", sa.String(120), nullable=False, server_default=""))
        table.add_column(sa.Column("pid", sa.Integer()))
        table.add_column(sa.Column("process_started", sa.String(80), nullable=False, server_default=""))
        table.add_column(sa.Column("heartbeat", UtcDateTime()))
        table.add_column(sa.Column("launches", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("choices", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("progress", sa.JSON()))
    op.create_index("ix_uploads_state", "uploads", ["state"])
    columns = (sa.column("id", sa.String()), sa.column("inspection", sa.JSON()), sa.column("state", sa.String()))
    uploads = sa.table("uploads", *columns, sa.column("queued", UtcDateTime()))
    connection = op.get_bind()
    connection.execute(sa.update(uploads).values(queued=now()))
    for row in connection.execute(sa.select(uploads.c.id, uploads.c.inspection)).all():
        if row.inspection is not None:
            state = "refused" if "refusal" in row.inspection else "unusable" if row.inspection["errors"] else "ready"
            connection.execute(sa.update(uploads).where(uploads.c.id == row.id).values(state=state))
    with op.batch_alter_table("uploads") as table:
        table.alter_column("queued", existing_type=UtcDateTime(), nullable=False)
        for name in ("state", "host", "process_started", "launches", "choices"):
            table.alter_column(name, server_default=None)
