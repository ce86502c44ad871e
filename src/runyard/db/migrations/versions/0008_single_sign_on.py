"""Single sign-on: who is known elsewhere, their sessions there, and the roles that their groups give."""

import sqlalchemy as sa
from alembic import op

import runyard.db.types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("ends_at", runyard.db.types.Instant(), nullable=True))
    op.create_table(
        "identities",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("provider", sa.String(length=8), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("made_admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", runyard.db.types.Instant(), nullable=False),
        sa.Column("used_at", runyard.db.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_identities_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_identities_issuer_subject")),
    )
    op.create_index(op.f("ix_identities_user_id"), "identities", ["user_id"], unique=False)
    op.create_table(
        "provider_sessions",
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("sid", sa.String(length=255), nullable=False),
        sa.Column("id_token", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_provider_sessions_session_id_sessions"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_provider_sessions")),
    )
    op.create_index("ix_provider_sessions_subject", "provider_sessions", ["issuer", "subject"], unique=False)
    op.create_table(
        "group_grants",
        sa.Column("identity_id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["identity_id"], ["identities.id"], name=op.f("fk_group_grants_identity_id_identities"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_group_grants_project_id_projects"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("identity_id", "project_id", name=op.f("pk_group_grants")),
    )


def downgrade() -> None:
    op.drop_table("group_grants")
    op.drop_index("ix_provider_sessions_subject", table_name="provider_sessions")
    op.drop_table("provider_sessions")
    op.drop_index(op.f("ix_identities_user_id"), table_name="identities")
    op.drop_table("identities")
    op.drop_column("sessions", "ends_at")
