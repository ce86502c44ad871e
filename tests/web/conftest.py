"""Settings of the property tests here: how long an example takes depends on the machine, so it proves nothing."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
