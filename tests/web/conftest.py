"""Traces are logged plainly, and examples of property tests take whatever time they take."""

from hypothesis import settings

from tests.engine.yard import plain_logs

plain_logs()
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
