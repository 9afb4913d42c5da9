"""Profiles for random tests: `make test` runs the ordinary one, `make nightly` the nightly one."""

import os
import signal
from importlib.util import find_spec

from hypothesis import HealthCheck, settings

_CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("ordinary", max_examples=160, deadline=None, suppress_health_check=_CHECKS, derandomize=True)
settings.register_profile("nightly", max_examples=3_000, deadline=None, suppress_health_check=_CHECKS)
settings.load_profile(os.environ.get("CONNRULES_PROFILE", "ordinary"))

# A suite that a shell started in the background ignores interrupts, and the processes that tests interrupt would too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Flink clashes with what the other tests need: those that need it have an environment of their own (`make test-flink`).
collect_ignore = [] if find_spec("pyflink") else ["flink"]
