"""A picture is stored once, with every reading of it that was corrected, instead of once for each model."""

import hashlib

import sqlalchemy as sa
from alembic import op

from rabisco.store.tables import UtcDateTime

revision = "0004"
down_revision = "0003"

# What a reader said at one moment of one picture is one picture; it gets the number of its first correction.
GROUPED = """
    UPDATE corrections SET picture_id = first.number
    FROM (
        SELECT id, min(id) OVER (PARTITION BY person, created, true_label, consent, image) AS number FROM corrections
    ) AS first
    WHERE first.id = corrections.id
"""
MOVED = """
    INSERT INTO pictures (id, created, image, key, true_label, person, consent)
    SELECT id, created, image, '', true_label, person, consent FROM corrections WHERE id = picture_id
"""
GO_ON_COUNTING = """
    SELECT setval(pg_get_serial_sequence('pictures', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM pictures), false)
"""


def upgrade() -> None:
    """Make the table of pictures, and leave to the corrections what each reading has of its own."""
    op.create_table(
        "pictures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("created", UtcDateTime(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("true_label", sa.String(80)),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("consent", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pictures")),
    )
    op.create_index(op.f("ix_pictures_created"), "pictures", ["created"])
    op.create_index(op.f("ix_pictures_person"), "pictures", ["person"])
    op.add_column("corrections", sa.Column("picture_id", sa.Integer()))
    op.execute(GROUPED)
    op.execute(MOVED)
    connection = op.get_bind()
    pictures = sa.table("pictures", sa.column("id"), sa.column("image", sa.LargeBinary()), sa.column("key"))
    for number in connection.scalars(sa.select(pictures.c.id)).all():
        image: bytes = connection.execute(sa.select(pictures.c.image).where(pictures.c.id == number)).scalar_one()
        key = hashlib.sha256(image).hexdigest()[:32]
        connection.execute(sa.update(pictures).where(pictures.c.id == number).values(key=key))
    if connection.dialect.name == "postgresql":
        op.execute(GO_ON_COUNTING)
    op.drop_index("ix_corrections_created", "corrections")
    op.drop_index("ix_corrections_person", "corrections")
    with op.batch_alter_table("corrections") as table:
        for name in ("created", "image", "true_label", "person", "consent"):
            table.drop_column(name)
        table.alter_column("picture_id", existing_type=sa.Integer(), nullable=False)
        table.create_foreign_key(
            op.f("fk_corrections_picture_id"), "pictures", ["picture_id"], ["id"], ondelete="CASCADE"
        )
    op.create_index(op.f("ix_corrections_picture_id"), "corrections", ["picture_id"])
