"""Runyard: write, run, schedule and orchestrate scripts and workflows on machines of your own."""

__version__ = "0.1.0"
