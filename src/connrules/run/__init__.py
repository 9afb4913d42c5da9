"""Runs a plan over a stream of events: state, step, timers, engine. Knows nothing of syntax, checker or catalog."""
