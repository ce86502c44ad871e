"""Jobs that run after other jobs must not come back to themselves. Pure."""

from collections.abc import Collection, Mapping


def cycle(sources: Mapping[str, Collection[str]], job_id: str) -> list[str]:
    """Return the way from a job back to itself, empty where there is none.

    `sources` are the jobs after which each job runs. The way begins and ends with the job, each step in it running
    after the one before; of several the shortest.
    """
    came_from: dict[str, str] = {}
    reached = [job_id]
    for here in reached:
        for source in sources.get(here, ()):
            if source == job_id:
                return _way(came_from, here, job_id)
            if source not in came_from:
                came_from[source] = here
                reached.append(source)
    return []


def _way(came_from: Mapping[str, str], last: str, job_id: str) -> list[str]:
    way = [job_id]
    here = last
    while here != job_id:
        way.append(here)
        here = came_from[here]
    return [*way, job_id]
