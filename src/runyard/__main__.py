"""``python -m runyard``: the same as the command ``runyard``."""

from runyard.cli import main

main()
