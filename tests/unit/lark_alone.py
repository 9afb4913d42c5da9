"""A file read by Lark alone: its lexer, its automaton, its tree, from the start symbol `file`."""

from functools import cache
from typing import Any

from lark import Lark, Token, Tree

from connrules import ast
from connrules.syntax import scanner
from connrules.syntax.builder import Builder
from connrules.syntax.grammar import grammar_text
from connrules.syntax.making import lark
from connrules.text import SourceText, Span


@cache
def the_lark() -> Lark:
    return lark(grammar_text())


def by_lark_alone(text: str) -> tuple[ast.Declaration | None, ...]:
    """The declarations of a file that has the shape of one, None for each that means nothing; else Lark raises."""
    tree = the_lark().parse(text, start="file")
    return tuple(_declaration(child, SourceText("x.conn", text)) for child in tree.children)


def _declaration(tree: Tree[Token] | Token, source: SourceText) -> ast.Declaration | None:
    builder = Builder(source)
    node: ast.Declaration | None = _node(tree, builder)
    return None if builder.findings else node


def _node(tree: Tree[Token] | Token | None, builder: Builder) -> Any:
    match tree:
        case None:
            return None
        case Tree(data=name, children=children):
            span = Span(_edge(tree, 0).start, _edge(tree, -1).end)
            return getattr(builder, f"_{name}")([_node(child, builder) for child in children], span)
        case token:
            return _ours(token)


def _edge(tree: Tree[Token] | Token, end: int) -> Span:
    while isinstance(tree, Tree):
        children: list[Tree[Token] | Token | None] = list(tree.children)
        tree = [child for child in children if child is not None][end]
    return _ours(tree).span


def _ours(token: Token) -> scanner.Token:
    assert token.start_pos is not None
    return scanner.Token(token.type, str(token), token.start_pos)
