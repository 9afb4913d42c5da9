"""Makes the tables of the grammar file, with Lark: `python -m connrules.syntax.making` writes them where they are kept.

The only module that knows Lark. States and productions are numbered in the order in which they are come upon, so that
one grammar has one text of tables.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from lark import Lark
from lark.grammar import Rule, Symbol
from lark.lexer import PatternStr

from connrules.syntax.grammar import grammar_text
from connrules.syntax.tables import KEPT, Production, Tables, checksum


def lark(text: str) -> Lark:
    """Lark's own parser for a grammar, of whole files and of declarations."""
    return Lark(text, parser="lalr", lexer="basic", start=["file", "declaration"], keep_all_tokens=True)


def make_tables(text: str) -> Tables:
    """The tables of a grammar."""
    made = lark(text)
    table = made.parser.parser._parse_table  # Lark has no other door to it
    singles = _singles(made.rules)
    numbers: dict[Production, int] = {}
    order = [table.start_states["declaration"]]
    states: list[dict[str, int]] = []
    for state in order:  # it grows meanwhile
        states.append({})
        for symbol, (_, target) in sorted(table.states[state].items()):
            if isinstance(target, Rule):
                states[-1][symbol] = ~numbers.setdefault(_production(target, singles), len(numbers))
            else:
                states[-1][symbol] = _place(target, order)
    return Tables(
        {t.name: t.pattern.to_regexp() for t in made.terminals if not isinstance(t.pattern, PatternStr)},
        {t.pattern.value: t.name for t in made.terminals if isinstance(t.pattern, PatternStr)},
        list(numbers),
        states,
        order.index(table.end_states["declaration"]),
    )


def _place(state: int, order: list[int]) -> int:
    if state not in order:
        order.append(state)
    return order.index(state)


def _singles(rules: Sequence[Rule]) -> set[str]:
    """The symbols without a node of their own that always stand for one child: `_clause` is one of the clauses."""
    several = {rule.origin.name for rule in rules if _has_no_node(rule.origin) and len(rule.expansion) != 1}
    return {rule.origin.name for rule in rules if _has_no_node(rule.origin)} - several


def _has_no_node(symbol: Symbol) -> bool:
    """Whether what stands below a symbol goes into the production above, as Lark has it for names that begin so."""
    return not symbol.is_term and symbol.name.startswith("_")


def _production(rule: Rule, singles: set[str]) -> Production:
    symbols = iter(rule.expansion)
    gaps = rule.options.empty_indices or [False] * len(rule.expansion)
    shape = "".join("_" if gap else _letter(next(symbols), singles) for gap in gaps)
    if not rule.expansion or (rule.options.expand1 and not rule.alias and shape != "x"):
        raise ValueError(f"the tables have no form for {rule}")
    return Production(rule.origin.name, _builds(rule, singles), shape)


def _letter(symbol: Symbol, singles: set[str]) -> str:
    return "*" if _has_no_node(symbol) and symbol.name not in singles else "x"


def _builds(rule: Rule, singles: set[str]) -> str:
    if _has_no_node(rule.origin):
        return "" if rule.origin.name in singles else "[]"
    if rule.options.expand1 and not rule.alias:
        return ""
    return str(rule.alias or rule.options.template_source or rule.origin.name)


def kept_form(tables: Tables, text: str) -> str:
    """The tables of a grammar as data, a line for each state. Sets of tokens stand there once."""
    lookaheads: dict[str, int] = {}
    states = [_kept_state(state, lookaheads) for state in tables.states]
    parts = {
        "grammar": json.dumps(checksum(text)),
        "patterns": json.dumps(tables.patterns),
        "fixed": json.dumps(tables.fixed),
        "productions": _lines(tables.productions),
        "lookaheads": _lines(lookaheads),
        "states": _lines(states),
        "end": json.dumps(tables.end),
    }
    return "{\n" + ",\n".join(f'"{name}": {part}' for name, part in parts.items()) + "\n}\n"


def _kept_state(state: Mapping[str, int], lookaheads: dict[str, int]) -> tuple[dict[str, int], dict[int, int]]:
    """Where a state goes on to, and for each production that ends in it, the number of the tokens before which."""
    ending: dict[int, list[str]] = {}
    for symbol, target in state.items():
        if target < 0:
            ending.setdefault(~target, []).append(symbol)
    kinds = {production: " ".join(symbols) for production, symbols in ending.items()}
    going_on = {symbol: target for symbol, target in state.items() if target >= 0}
    return going_on, {number: lookaheads.setdefault(text, len(lookaheads)) for number, text in kinds.items()}


def _lines(rows: Iterable[object]) -> str:
    return "[\n" + ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows) + "\n]"


if __name__ == "__main__":
    KEPT.write_text(kept_form(make_tables(grammar_text()), grammar_text()), encoding="utf-8")
