"""The configuration: its keys, where it is found, and which of its layers counts."""
