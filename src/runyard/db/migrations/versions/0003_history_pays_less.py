"""Removing and ending runs costs less: indexes over those that are not over, fewer keys to look after."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OPEN = sa.text("finished_at IS NULL")
NARROW = {
    "ix_runs_open_state": ["state", "held", "queue", "priority", "id"],
    "ix_runs_open_worker_id": ["worker_id", "state"],
    "ix_runs_open_environment_id": ["environment_id", "state"],
}
WIDE = {
    "ix_runs_state_held_queue_priority_id": ["state", "held", "queue", "priority", "id"],
    "ix_runs_worker_id_state": ["worker_id", "state"],
    "ix_runs_environment_id_state": ["environment_id", "state"],
    "ix_runs_project_id_queued_at": ["project_id", "queued_at"],
}
PARTS = (
    "run_attempts",
    "run_events",
    "run_inputs",
    "run_keeps",
    "run_labels",
    "run_sizes",
    "run_usage",
    "script_run_modules",
)


def upgrade() -> None:
    # New ones first: at no time does anybody have to walk over all runs.
    for name, columns in NARROW.items():
        op.create_index(name, "runs", columns, sqlite_where=OPEN, postgresql_where=OPEN)
    for name in WIDE:
        op.drop_index(name, "runs")
    if op.get_context().dialect.name == "postgresql":
        for table in PARTS:
            op.drop_constraint(f"fk_{table}_run_id", table, type_="foreignkey")


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for table in PARTS:
            # What a race may have left behind would keep the key from coming back.
            parts, runs = sa.table(table, sa.column("run_id")), sa.table("runs", sa.column("id"))
            op.execute(sa.delete(parts).where(parts.c.run_id.not_in(sa.select(runs.c.id))))
            op.create_foreign_key(f"fk_{table}_run_id", table, "runs", ["run_id"], ["id"], ondelete="CASCADE")
    for name, columns in WIDE.items():
        op.create_index(name, "runs", columns)
    for name in NARROW:
        op.drop_index(name, "runs", sqlite_where=OPEN, postgresql_where=OPEN)
