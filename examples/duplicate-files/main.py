"""Find files with the same content.

Files written: duplicates.csv and remove-duplicates.sh, a script to read before anybody runs it. Nothing is deleted.
"""

import csv
import fnmatch
import hashlib
import json
import os
import shlex
import sys
from collections import defaultdict
from pathlib import Path

HEAD_BYTES = 64 * 1024
SHOWN = 20


def progress(percent, message):
    print(f"::progress {percent} {message}")


def make_sample():
    """Lay out a folder with two groups of duplicates, so that a first run has something to find."""
    print("No folder was named and nothing was uploaded: working on a small sample folder.")
    folder = Path("sample")
    texts = dict.fromkeys(("report.txt", "copies/report (1).txt", "copies/old/report.txt"), "figures\n" * 400)
    texts |= {"logo.svg": "<svg/>", "web/logo.svg": "<svg/>", "notes.md": "# Only once\n"}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def regular_files(folder, pattern, smallest, unreadable):
    """Yield (path, stat) below the folder. Links are not followed: what they point to is counted where it lies."""
    for root, _, names in os.walk(folder, onerror=lambda problem: unreadable.append(str(problem))):
        for name in fnmatch.filter(names, pattern):
            path = Path(root, name)
            try:
                info = path.lstat()
            except OSError as problem:  # it may have gone since it was listed
                unreadable.append(str(problem))
                continue
            if path.is_file() and not path.is_symlink() and info.st_size >= smallest:
                yield path, info


def digest(path, limit=None):
    """Hash a file, or its first `limit` bytes."""
    with path.open("rb") as file:
        if limit is not None:
            return hashlib.blake2b(file.read(limit)).hexdigest()
        return hashlib.file_digest(file, "blake2b").hexdigest()


def split(groups, key, unreadable):
    """Split each group by `key(path)` and keep the parts that still have company."""
    result = []
    for group in groups:
        parts = defaultdict(list)
        for path, info in group:
            try:
                parts[key(path)].append((path, info))
            except OSError as problem:
                unreadable.append(str(problem))
        result += [part for part in parts.values() if len(part) > 1]
    return result


def wasted(group):
    """Return the bytes that keeping one file only would save."""
    return group[0][1].st_size * (len(group) - 1)


ORDERS = {
    "oldest": lambda entry: entry[1].st_mtime,
    "newest": lambda entry: -entry[1].st_mtime,
    "shortest": lambda entry: (len(str(entry[0])), str(entry[0])),
}


def write_report(groups):
    """Write the list of duplicates, and the script that would remove them."""
    with Path("duplicates.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["group", "bytes", "keep", "path"])
        for number, group in enumerate(groups, 1):
            for path, info in group:
                writer.writerow([number, info.st_size, "yes" if path == group[0][0] else "no", path])
    script = [
        "#!/bin/sh",
        "# Read this before you run it. It removes all but one file of each group.",
        "set -eu",
        f"cd {shlex.quote(str(Path.cwd()))}",
    ]
    for group in groups:
        # As JSON, because a file's name may hold a line break.
        script.append(f"\n# keeps {json.dumps(str(group[0][0]))}")
        script += [f"rm -- {shlex.quote(str(path))}" for path, _ in group[1:]]
    Path("remove-duplicates.sh").write_text("\n".join(script) + "\n", encoding="utf-8")


def find(folder, pattern, smallest, unreadable):
    """Return (number of files, groups of files with the same content)."""
    by_size = defaultdict(list)
    inodes = set()
    for path, info in regular_files(folder, pattern, smallest, unreadable):
        # Two names of one file (hard links) waste nothing.
        if (info.st_dev, info.st_ino) not in inodes:
            inodes.add((info.st_dev, info.st_ino))
            by_size[info.st_size].append((path, info))
    print(f"{len(inodes)} files")

    # Cheap questions first: most files differ in size, most of the rest within their first bytes.
    groups = [group for group in by_size.values() if len(group) > 1]
    progress(30, f"{sum(map(len, groups))} files share their size with another")
    groups = split(groups, lambda path: digest(path, HEAD_BYTES), unreadable)
    progress(50, f"{sum(map(len, groups))} files begin like another")
    return len(inodes), split(groups, digest, unreadable)


def main():
    named = os.environ.get("FOLDER", "").strip()
    folder = Path(named) if named else Path()
    if not folder.is_dir():
        sys.exit(f"There is no folder {named}, or this script may not see it.")
    if not named and not any(Path().iterdir()):
        folder = make_sample()

    progress(5, f"Listing {folder}")
    unreadable = []
    smallest = int(os.environ.get("MIN_BYTES") or 1)
    count, groups = find(folder, os.environ.get("PATTERN") or "*", smallest, unreadable)
    for group in groups:
        group.sort(key=ORDERS[os.environ.get("KEEP") or "oldest"])
    groups.sort(key=wasted, reverse=True)

    progress(90, "Writing the report")
    write_report(groups)
    for group in groups[:SHOWN]:
        print(f"{group[0][1].st_size:>12,} bytes x {len(group)}: {', '.join(str(path) for path, _ in group)}")
    if len(groups) > SHOWN:
        print(f"... and {len(groups) - SHOWN} more groups in duplicates.csv")
    for problem in unreadable[:SHOWN]:
        print(f"Not read: {problem}", file=sys.stderr)
    outputs = {
        "files": count,
        "groups": len(groups),
        "duplicates": sum(len(group) - 1 for group in groups),
        "wasted_bytes": sum(map(wasted, groups)),
        "unreadable": len(unreadable),
        "largest": [[str(path) for path, _ in group] for group in groups[:5]],
    }
    if "RUNYARD_OUTPUTS" in os.environ:
        Path(os.environ["RUNYARD_OUTPUTS"]).write_text(json.dumps(outputs, ensure_ascii=False), encoding="utf-8")
    progress(100, f"{outputs['duplicates']} duplicates waste {outputs['wasted_bytes']:,} bytes")


main()
