"""Drawings: graphs as data, and as text that other programs draw."""
