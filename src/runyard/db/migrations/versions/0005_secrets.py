"""Secrets and variables."""

import sqlalchemy as sa
from alembic import op

import runyard.db.types

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.Text(), nullable=False),
        sa.Column("wrapped_by", sa.String(length=200), nullable=False),
        sa.Column("created_at", runyard.db.types.Instant(), nullable=False),
        sa.Column("retired_at", runyard.db.types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
    )
    with op.batch_alter_table("data_keys", schema=None) as batch_op:
        batch_op.create_index("uq_data_keys_scope_version", ["scope", "version"], unique=True)

    op.create_table(
        "secret_scrubs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("secret_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("last_run_id", sa.String(length=32), nullable=False),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("started_at", runyard.db.types.Instant(), nullable=False),
        sa.Column("started_by", sa.String(length=100), nullable=False),
        sa.Column("finished_at", runyard.db.types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_scrubs")),
    )
    with op.batch_alter_table("secret_scrubs", schema=None) as batch_op:
        batch_op.create_index("ix_secret_scrubs_secret_id_id", ["secret_id", "id"], unique=False)
        batch_op.create_index("ix_secret_scrubs_state", ["state"], unique=False)

    op.create_table(
        "secret_uses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("secret_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("script_id", sa.String(length=32), nullable=True),
        sa.Column("script_name", sa.String(length=200), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", runyard.db.types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_uses")),
    )
    with op.batch_alter_table("secret_uses", schema=None) as batch_op:
        batch_op.create_index("ix_secret_uses_at", ["at"], unique=False)
        batch_op.create_index("ix_secret_uses_secret_id_id", ["secret_id", "id"], unique=False)

    op.create_table(
        "project_stages",
        sa.Column("project_id", sa.String(length=32), nullable=False),
        sa.Column("stages", runyard.db.types.Json(), nullable=False),
        sa.Column("default", sa.String(length=32), nullable=True),
        sa.Column("updated_at", runyard.db.types.Instant(), nullable=False),
        sa.Column("updated_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_stages_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["updated_by"], ["users.id"], name=op.f("fk_project_stages_updated_by")),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_stages")),
    )
    op.create_table(
        "script_entries",
        sa.Column("script_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["script_id"], ["scripts.id"], name=op.f("fk_script_entries_script_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("script_id", "kind", "name", name=op.f("pk_script_entries")),
    )
    with op.batch_alter_table("script_entries", schema=None) as batch_op:
        batch_op.create_index("ix_script_entries_kind_name_script_id", ["kind", "name", "script_id"], unique=False)

    op.create_table(
        "secrets",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("project_id", sa.String(length=32), nullable=True),
        sa.Column("script_id", sa.String(length=32), nullable=True),
        sa.Column("place", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("description", sa.String(length=1000), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.Column("key_id", sa.String(length=32), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", runyard.db.types.Instant(), nullable=False),
        sa.Column("created_by", sa.String(length=32), nullable=True),
        sa.Column("updated_at", runyard.db.types.Instant(), nullable=False),
        sa.Column("updated_by", sa.String(length=32), nullable=True),
        sa.Column("valued_at", runyard.db.types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_secrets_created_by")),
        sa.ForeignKeyConstraint(["key_id"], ["data_keys.id"], name=op.f("fk_secrets_key_id")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_secrets_project_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["script_id"], ["scripts.id"], name=op.f("fk_secrets_script_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["updated_by"], ["users.id"], name=op.f("fk_secrets_updated_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secrets")),
    )
    with op.batch_alter_table("secrets", schema=None) as batch_op:
        batch_op.create_index("ix_secrets_key_id_id", ["key_id", "id"], unique=False)
        batch_op.create_index("ix_secrets_kind_name_id", ["kind", "name", "id"], unique=False)
        batch_op.create_index("ix_secrets_project_id_kind_name_id", ["project_id", "kind", "name", "id"], unique=False)
        batch_op.create_index("ix_secrets_script_id", ["script_id"], unique=False)
        batch_op.create_index("uq_secrets_place_stage_name", ["place", "stage", "name"], unique=True)

    with op.batch_alter_table("run_attempts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sealed", sa.Text(), nullable=True))

    with op.batch_alter_table("run_inputs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stage", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("run_inputs", schema=None) as batch_op:
        batch_op.drop_column("stage")

    with op.batch_alter_table("run_attempts", schema=None) as batch_op:
        batch_op.drop_column("sealed")

    with op.batch_alter_table("secrets", schema=None) as batch_op:
        batch_op.drop_index("uq_secrets_place_stage_name")
        batch_op.drop_index("ix_secrets_script_id")
        batch_op.drop_index("ix_secrets_project_id_kind_name_id")
        batch_op.drop_index("ix_secrets_kind_name_id")
        batch_op.drop_index("ix_secrets_key_id_id")

    op.drop_table("secrets")
    with op.batch_alter_table("script_entries", schema=None) as batch_op:
        batch_op.drop_index("ix_script_entries_kind_name_script_id")

    op.drop_table("script_entries")
    op.drop_table("project_stages")
    with op.batch_alter_table("secret_uses", schema=None) as batch_op:
        batch_op.drop_index("ix_secret_uses_secret_id_id")
        batch_op.drop_index("ix_secret_uses_at")

    op.drop_table("secret_uses")
    with op.batch_alter_table("secret_scrubs", schema=None) as batch_op:
        batch_op.drop_index("ix_secret_scrubs_state")
        batch_op.drop_index("ix_secret_scrubs_secret_id_id")

    op.drop_table("secret_scrubs")
    with op.batch_alter_table("data_keys", schema=None) as batch_op:
        batch_op.drop_index("uq_data_keys_scope_version")

    op.drop_table("data_keys")
