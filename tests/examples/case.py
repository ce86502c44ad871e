"""One promise of an example, which two test modules drive: directly, and through the platform.

A case is one or more runs of one example. To drive it:
1. `case.for_site(site)` fills `{site}`, `{tls}` and `{ca}` in parameters and uploads.
2. Run the example `case.times` times with one state directory; what a case gives overrides the manifest's defaults.
3. The last run must end with `case.exit_code`, hold every path of `case.files`, and pass
   `case.check(outputs, files, log)`: the JSON value or None, {path: content} of the workspace, and stdout and stderr.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .site import DATA, Site

Check = Callable[[Any, Mapping[str, bytes], str], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One promise of one example."""

    name: str
    example: str
    check: Check
    parameters: Mapping[str, Any] = field(default_factory=dict)
    uploads: tuple[str, ...] = ()  # below examples/data, or absolute
    files: tuple[str, ...] = ()
    exit_code: int = 0
    times: int = 1

    @property
    def upload_paths(self) -> list[str]:
        return [str(DATA / name) for name in self.uploads]

    @property
    def id(self) -> str:
        return f"{self.example}: {self.name}"

    def for_site(self, site: Site) -> "Case":
        """Return the case with the site's addresses in it."""
        marks = {"{site}": site.url, "{tls}": site.tls, "{ca}": str(site.ca), "{ca_name}": site.ca.name}

        def filled(value: Any) -> Any:
            if not isinstance(value, str):
                return value
            for mark, text in marks.items():
                value = value.replace(mark, text)
            return value

        parameters = {key: filled(value) for key, value in self.parameters.items()}
        return replace(self, parameters=parameters, uploads=tuple(map(filled, self.uploads)))
