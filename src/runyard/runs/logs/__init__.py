"""The log store: numbered lines of an attempt, appended while it runs, read by number from anywhere.

Lines come in blocks (what one piece of output completed) and lie in chunks: the last one open and plain, all before it
compressed. An index of the chunks leads to any line, so a tail or a jump reads one chunk whatever the log's size.
Writers append only; readers need no lock and no writer.
"""

from .contract import LogReader, LogStore, LogWriter
from .files import FileLogs
from .lines import Block, Found, Line

__all__ = ["Block", "FileLogs", "Found", "Line", "LogReader", "LogStore", "LogWriter"]
