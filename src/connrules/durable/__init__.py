"""An engine whose state outlives its process: every batch is committed to a state store before its outcomes are given."""
