"""Requests for a second person's consent, published versions of scripts, and the rules that demand them."""

import sqlalchemy as sa
from alembic import op

import runyard.db.types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("projects") as table:
        table.add_column(sa.Column("four_eyes", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(
            sa.Column("second_person", runyard.db.types.Json(), nullable=False, server_default=sa.text("'[]'"))
        )
        table.add_column(sa.Column("approval_hours", sa.Integer(), nullable=False, server_default="72"))
    with op.batch_alter_table("scripts") as table:
        table.add_column(sa.Column("published", sa.Integer(), nullable=True))
        table.add_column(sa.Column("published_id", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("marked", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("gated", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "approvals",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("subject_kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=64), nullable=False),
        sa.Column("subject_name", sa.String(length=200), nullable=False),
        sa.Column("changes", runyard.db.types.Json(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("base", sa.Integer(), nullable=True),
        sa.Column("authors", runyard.db.types.Json(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.String(length=32), nullable=False),
        sa.Column("token_id", sa.String(length=32), nullable=True),
        sa.Column("asked_at", runyard.db.types.Instant(), nullable=False),
        sa.Column("expires_at", runyard.db.types.Instant(), nullable=True),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("decided_at", runyard.db.types.Instant(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("finished_at", runyard.db.types.Instant(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["asked_by"], ["users.id"], name=op.f("fk_approvals_asked_by_users")),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name=op.f("fk_approvals_decided_by_users")),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_approvals_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_asked_by_id", "approvals", ["asked_by", "id"], unique=False)
    op.create_index("ix_approvals_state_project_id_id", "approvals", ["state", "project_id", "id"], unique=False)
    op.create_index("ix_approvals_subject_id_state", "approvals", ["subject_id", "state"], unique=False)
    op.create_table(
        "approval_entries",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("approval_id", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=True),
        sa.Column("at", runyard.db.types.Instant(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("thread_id", sa.String(length=32), nullable=True),
        sa.Column("resolved", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approval_id"],
            ["approvals.id"],
            name=op.f("fk_approval_entries_approval_id_approvals"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_approval_entries_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_entries")),
    )
    op.create_index("ix_approval_entries_approval_id_id", "approval_entries", ["approval_id", "id"], unique=False)
    op.create_table(
        "script_publications",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("script_id", sa.String(length=32), nullable=False),
        sa.Column("version_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("approval_id", sa.String(length=32), nullable=True),
        sa.Column("published_at", runyard.db.types.Instant(), nullable=False),
        sa.Column("published_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.id"], name=op.f("fk_script_publications_approval_id_approvals")
        ),
        sa.ForeignKeyConstraint(["published_by"], ["users.id"], name=op.f("fk_script_publications_published_by_users")),
        sa.ForeignKeyConstraint(
            ["script_id"], ["scripts.id"], name=op.f("fk_script_publications_script_id_scripts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["script_versions.id"], name=op.f("fk_script_publications_version_id_script_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_script_publications")),
    )
    op.create_index("ix_script_publications_script_id_id", "script_publications", ["script_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("script_publications")
    op.drop_table("approval_entries")
    op.drop_table("approvals")
    with op.batch_alter_table("scripts") as table:
        for column in ("gated", "marked", "published_id", "published"):
            table.drop_column(column)
    with op.batch_alter_table("projects") as table:
        for column in ("approval_hours", "second_person", "four_eyes"):
            table.drop_column(column)
