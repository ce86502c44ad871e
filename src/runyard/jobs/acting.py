"""In whose name jobs run: their project's, which can do what a run needs, and nothing else. Pure."""

from runyard.access.permissions import Actor, Membership, Permission
from runyard.ids import ProjectId, UserId

RIGHTS = frozenset(
    {
        Permission.script_read,
        Permission.run_read,
        Permission.run_submit,
        Permission.run_cancel,
        Permission.secret_use,
        Permission.connection_read,
    }
)
"""What running a saved script takes; that its owner may do so was asked when the job was saved."""
LONGEST_NAME = 100


def acting_as(project_id: str, project: str, job: str) -> Actor:
    """Return who a job of that name is to whatever asks: nobody's user, at home in its project and nowhere else.

    Its `user_id` is empty: rows that name a user have none.
    """
    place = Membership(ProjectId(project_id), project, RIGHTS)
    return Actor(UserId(""), f"job {job}"[:LONGEST_NAME], "", is_admin=False, memberships=(place,))
