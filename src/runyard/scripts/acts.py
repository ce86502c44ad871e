"""What the audit is told of scripts."""

from collections.abc import Sequence
from typing import Any

from runyard.audit.events import Target
from runyard.scripts.models import Script, ScriptVersion


def target(script: Script) -> Target:
    """Return what an act on a script is about."""
    return Target("script", script.id, script.name, script.project_id)


def facts(script: Script, version: ScriptVersion, tags: Sequence[str]) -> dict[str, Any]:
    """Return everything that can be changed of a script."""
    return {
        **version.options,
        "name": script.name,
        "description": script.description,
        "folder": script.folder,
        "category": script.category_id,
        "tags": sorted(tags),
        "version": script.version,
        "language": version.language,
        "code": version.code,
        "parameters": version.parameters,
        "requirements": version.requirements,
        "timeout_s": version.timeout_s,
        "network": version.network,
    }
