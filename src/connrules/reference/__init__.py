"""The reference interpreter: the language's definition in code, read off the syntax tree, slow and meant to be obvious.

`interpreter` says what becomes of events and waits, `matching` which events a pattern speaks of. It shares no execution
code with any engine, so that an engine found equal to it is right for a reason of its own.
"""

from connrules.reference.interpreter import History, evaluate

__all__ = ["History", "evaluate"]
