"""The command line."""

import sys


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    arguments = sys.argv[1:]
    # These two must feel instant, so they are answered before anything is imported.
    if arguments in ([], ["--help"], ["-h"]):
        from runyard.cli.commands import overview

        print(overview())
        sys.exit(0 if arguments else 2)
    if arguments in (["--version"], ["-V"]):
        from runyard import __version__

        print(f"runyard {__version__}")
        sys.exit(0)
    from runyard.cli.app import start

    start(arguments)
