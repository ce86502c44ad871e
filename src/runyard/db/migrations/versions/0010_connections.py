"""Connections: how each answered when it was tested last."""

import sqlalchemy as sa
from alembic import op

import runyard.db.types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connection_checks",
        sa.Column("connection_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", runyard.db.types.Instant(), nullable=False),
        sa.Column("by", sa.String(length=32), nullable=True),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("said", sa.String(length=1000), nullable=False),
        sa.Column("server", sa.String(length=1000), nullable=False),
        sa.Column("details", runyard.db.types.Json(), nullable=False),
        sa.Column("took_ms", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name=op.f("fk_connection_checks_by_users")),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["secrets.id"],
            name=op.f("fk_connection_checks_connection_id_secrets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_connection_checks")),
    )


def downgrade() -> None:
    op.drop_table("connection_checks")
    # What is of a kind that the version before does not know goes too.
    op.execute("DELETE FROM script_entries WHERE kind = 'connection'")
    op.execute("DELETE FROM secrets WHERE kind = 'connection'")
