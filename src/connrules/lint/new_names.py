"""Names for rules that have none: each made of what the rule sends, and of no two rules the same."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from connrules.check import CheckedRule
from connrules.diagnostic import errors_of
from connrules.syntax.names_meant import word_like
from connrules.syntax.parser import Parsed
from connrules.syntax.scanner import TRIVIA, Token, scan


class NewNames:
    """Gives rules names that no other rule of a rule set has, or may have once it can be read."""

    def __init__(self, rules: Iterable[CheckedRule], files: Iterable[Parsed]) -> None:
        self._taken = {rule.name for rule in rules}.union(*map(_names_to_come, files))
        self._numbers: dict[str, int] = {}

    def of(self, rule: CheckedRule) -> str:
        """A name made of what the rule sends."""
        word = word_like(rule.node.targets[0].text.lower())
        number = self._numbers.get(word, 1)
        while (name := word if number == 1 else f"{word}_{number}") in self._taken:
            number += 1
        self._numbers[word] = number + 1
        self._taken.add(name)
        return name


def _names_to_come(parsed: Parsed) -> Iterator[str]:
    """What rules of a file may be called once its errors are mended: words that stand where names do, and words that
    its fixes bring.
    """
    if not errors_of(parsed.diagnostics):
        return
    for before, token in pairwise([Token("START", "", 0), *_tokens(parsed.file.source.text), Token("END", "", 0)]):
        if before.kind == "RULE":
            yield token.text
        elif token.kind == "COLON":
            yield before.text
    for found in parsed.diagnostics:
        for edit in found.fix.edits if found.fix else ():
            yield from (token.text for token in _tokens(edit.text) if token.kind == "WORD")


def _tokens(text: str) -> Iterator[Token]:
    return (token for token in scan(text) if token.kind not in TRIVIA)
