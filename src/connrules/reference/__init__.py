"""The reference interpreter: the language's definition in code, read off the syntax tree, slow and meant to be obvious.

`interpreter` says what becomes of events and waits. It asks `admission` which events count, `matching` which events a
pattern speaks of, `conditions` what holds of an event or a user, `timing` when a send is due, `checks` what keeps a
wait from starting and a send from being sent, and `chance` on which side a user falls; `user` is what is remembered. It
shares no execution code with any engine, so that an engine found equal to it is right for a reason of its own.
"""

from connrules.reference.interpreter import EndlessError, History, evaluate

__all__ = ["EndlessError", "History", "evaluate"]
