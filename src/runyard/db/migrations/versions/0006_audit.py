"""The audit: a chain of events, its sealed head, and where it was pruned."""

import sqlalchemy as sa
from alembic import op

import runyard.db.types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_checkpoints",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at", runyard.db.types.Instant(), nullable=False),
        sa.Column("pruned", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_checkpoints")),
    )
    op.create_table(
        "audit_events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("at", runyard.db.types.Instant(), nullable=False),
        sa.Column("actor_kind", sa.String(length=8), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=False),
        sa.Column("actor_name", sa.String(length=64), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("token_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("object_kind", sa.String(length=32), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("object_name", sa.String(length=200), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=True),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_events")),
        sa.UniqueConstraint("id", name=op.f("uq_audit_events_id")),
    )
    op.create_index("ix_audit_events_action", "audit_events", ["action", "at", "seq"], unique=False)
    op.create_index("ix_audit_events_actor_id", "audit_events", ["actor_id", "at", "seq"], unique=False)
    op.create_index("ix_audit_events_actor_name", "audit_events", ["actor_name", "at", "seq"], unique=False)
    op.create_index("ix_audit_events_address", "audit_events", ["address", "at", "seq"], unique=False)
    op.create_index("ix_audit_events_at", "audit_events", ["at", "seq"], unique=False)
    op.create_index("ix_audit_events_object_id", "audit_events", ["object_id", "at", "seq"], unique=False)
    op.create_index("ix_audit_events_object_kind", "audit_events", ["object_kind", "at", "seq"], unique=False)
    op.create_index("ix_audit_events_outcome", "audit_events", ["outcome", "at", "seq"], unique=False)
    op.create_index("ix_audit_events_project_id", "audit_events", ["project_id", "at", "seq"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("seal", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )


def downgrade() -> None:
    op.drop_table("audit_head")
    op.drop_index("ix_audit_events_project_id", table_name="audit_events")
    op.drop_index("ix_audit_events_outcome", table_name="audit_events")
    op.drop_index("ix_audit_events_object_kind", table_name="audit_events")
    op.drop_index("ix_audit_events_object_id", table_name="audit_events")
    op.drop_index("ix_audit_events_at", table_name="audit_events")
    op.drop_index("ix_audit_events_address", table_name="audit_events")
    op.drop_index("ix_audit_events_actor_name", table_name="audit_events")
    op.drop_index("ix_audit_events_actor_id", table_name="audit_events")
    op.drop_index("ix_audit_events_action", table_name="audit_events")
    op.drop_table("audit_events")
    op.drop_table("audit_checkpoints")
