"""An engine whose state outlives its process: every batch is committed to a state store before its outcomes are given.

`DurableEngine` (`engine`) steps an engine and has a `Ledger` commit what came of it; `opening` goes on from a state.
"""
