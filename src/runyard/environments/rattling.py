"""The process that solves and installs conda packages, by py-rattler; runs no code of theirs.

``solve`` reads {specs, channels} and writes a list of records; ``install`` reads {records, target, cache}.
"""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> int:
    """Do what a file of JSON asks for; the answer goes into another one, a complaint to stderr."""
    what, asked, answer = arguments
    order = json.loads(Path(asked).read_text())
    try:
        done = asyncio.run(_solve(order) if what == "solve" else _install(order))
    except Exception as error:  # noqa: BLE001 - every trouble is told in the library's own words
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the build log hears it
        return 1
    Path(answer).write_text(json.dumps(done, indent=1, sort_keys=True))
    return 0


async def _solve(order: dict[str, Any]) -> list[dict[str, Any]]:
    from rattler import Channel, Subdir, VirtualPackage, solve

    found = await solve(
        sources=[Channel(url) for url in order["channels"]],
        specs=order["specs"],
        platforms=[Subdir.current(), "noarch"],
        virtual_packages=VirtualPackage.detect(),
    )
    return sorted((_told(record) for record in found), key=lambda record: str(record["name"]))


async def _install(order: dict[str, Any]) -> list[Any]:
    from rattler import BuildString, PackageRecord, RepoDataRecord, install

    records = []
    for told in order["records"]:
        package = PackageRecord(
            name=told["name"],
            version=told["version"],
            build=BuildString(told["build"]),
            build_number=told["build_number"],
            subdir=told["subdir"],
            noarch=told["noarch"],
            depends=told["depends"],
            constrains=told["constrains"],
            sha256=_bytes(told["sha256"]),
            md5=_bytes(told["md5"]),
            size=told["size"],
            python_site_packages_path=told["python_site_packages_path"],
        )
        records.append(RepoDataRecord(package, told["file_name"], told["url"], told["channel"]))
    await install(records, order["target"], cache_dir=order["cache"], execute_link_scripts=False, show_progress=False)
    return []


def _told(record: Any) -> dict[str, Any]:
    noarch = record.noarch
    kind = "python" if noarch.python else "generic" if noarch.generic else None
    return {
        "name": record.name.normalized,
        "version": str(record.version),
        "build": str(record.build),
        "build_number": record.build_number,
        "subdir": str(record.subdir),
        "noarch": kind,
        "depends": list(record.depends),
        "constrains": list(record.constrains),
        "sha256": _text(record.sha256),
        "md5": _text(record.md5),
        "size": record.size,
        "python_site_packages_path": record.python_site_packages_path,
        "file_name": record.file_name,
        "url": str(record.url),
        "channel": str(record.channel or ""),
    }


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b16encode(data).decode().lower()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b16decode(text, casefold=True)


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stderr.flush()
    # The library's threads outlive the interpreter's orderly end, which they would crash.
    os._exit(status)
