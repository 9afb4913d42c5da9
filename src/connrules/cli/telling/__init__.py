"""Explanations of `connrules why`, as text and as a document."""
