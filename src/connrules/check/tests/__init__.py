"""Tests in the language: steps and expectations that cannot be meant as they stand (CR71x)."""

OWN_USER = "user"
"""The user of events that name none."""
