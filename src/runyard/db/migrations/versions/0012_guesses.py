"""Guesses: what all processes know of who guesses passwords and codes."""

import sqlalchemy as sa
from alembic import op

import runyard.db.types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guesses",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("until", runyard.db.types.Instant(), nullable=False),
        sa.Column("last", runyard.db.types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_guesses")),
    )
    op.create_index(op.f("ix_guesses_last"), "guesses", ["last"])


def downgrade() -> None:
    op.drop_index(op.f("ix_guesses_last"), table_name="guesses")
    op.drop_table("guesses")
