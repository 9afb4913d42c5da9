"""Replaying a log: events from files through an engine, outcomes into files."""
