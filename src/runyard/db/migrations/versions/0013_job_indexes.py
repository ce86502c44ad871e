"""Indexes: triggers that watch files, and pauses by when they end."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_job_pauses_project_id_job_id_from_at", table_name="job_pauses")
    op.drop_index("ix_job_pauses_job_id_from_at", table_name="job_pauses")
    op.create_index("ix_job_pauses_job_id_until_at", "job_pauses", ["job_id", "until_at"])
    op.create_index("ix_job_pauses_project_id_until_at", "job_pauses", ["project_id", "until_at"])
    op.create_index("ix_job_pauses_until_at", "job_pauses", ["until_at"])
    # Few triggers watch files.
    watching = sa.text("kind = 'file' AND deleted_at IS NULL")
    op.create_index("ix_job_triggers_files", "job_triggers", ["id"], sqlite_where=watching, postgresql_where=watching)


def downgrade() -> None:
    op.drop_index("ix_job_triggers_files", table_name="job_triggers")
    op.drop_index("ix_job_pauses_until_at", table_name="job_pauses")
    op.drop_index("ix_job_pauses_project_id_until_at", table_name="job_pauses")
    op.drop_index("ix_job_pauses_job_id_until_at", table_name="job_pauses")
    op.create_index("ix_job_pauses_job_id_from_at", "job_pauses", ["job_id", "from_at"])
    op.create_index("ix_job_pauses_project_id_job_id_from_at", "job_pauses", ["project_id", "job_id", "from_at"])
