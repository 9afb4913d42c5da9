"""Conditions: what stands in them, and whether they can hold at all (CR510)."""
