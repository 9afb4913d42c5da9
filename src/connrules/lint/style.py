"""How rules are written: the form of their files, and their names."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from connrules.check import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Edit, Fix, errors_of
from connrules.lint.new_names import NewNames
from connrules.syntax.layout import laid_out
from connrules.syntax.parser import Parsed
from connrules.text import SourceText, Span


def check_form(files: Iterable[Parsed], unformed: Iterable[SourceText]) -> Iterator[Diagnostic]:
    """Files that `connrules fmt` would write otherwise.

    Those with syntax findings have no other form yet; left out with them are the unformed ones, of which something is
    found that must be mended before the form can be right, such as clauses that are out of order.
    """
    left_out = set(map(id, unformed))
    for parsed in files:
        source = parsed.file.source
        if parsed.diagnostics or id(source) in left_out:
            continue
        text = laid_out(parsed)
        if text != _with_plain_line_ends(source.text):
            yield _not_formatted(source, text)


def _with_plain_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n")


def _not_formatted(source: SourceText, text: str) -> Diagnostic:
    line = _first_difference(_lines(_with_plain_line_ends(source.text)), _lines(text))
    start = source.line_starts[line - 1]
    return finding(
        "CR601",
        source,
        Span(start, start + len(source.line(line))),
        f"`{source.path}` is not in the usual form",
        label="the first line that would be written otherwise",
        help=f"run `connrules fmt {source.path}`; the rules mean the same afterwards",
        fix=Fix("write the file in the usual form", (Edit(Span(0, len(source.text)), text),), safe=True),
    )


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+$", text)


def _first_difference(lines: Sequence[str], usual: Sequence[str]) -> int:
    """The number, from 1, of the first line that differs from the usual one; the last where only the end differs."""
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(lines, usual, strict=False))
    return min(sum(1 for _ in alike) + 1, len(lines))


def check_names(rules: Sequence[CheckedRule], files: Iterable[Parsed], naming: str) -> Iterator[Diagnostic]:
    """Rules without a name, and names that do not match the pattern; with an empty one, any name will do.

    `files` are all of the rule set: a new name is none that a rule may have that cannot be read yet.
    """
    wanted = re.compile(naming) if naming else None
    files = list(files)
    names, torn = NewNames(rules, files), _lines_with_errors(files)
    for rule in rules:
        if rule.node.name is None and (id(rule.source), rule.line_of(rule.node.span.start)) not in torn:
            yield _unnamed(rule, names.of(rule), wanted)
        elif wanted and rule.node.name and not wanted.fullmatch(rule.node.name.text):
            yield finding(
                "CR603",
                rule.source,
                rule.node.name.span,
                f"the name `{rule.name}` is not in the form that is agreed on",
                label=f"names of rules match `{naming}`",
                help="give it such a name; its decisions then get other ids, so do it before the rule is in use",
            )


def _lines_with_errors(files: Iterable[Parsed]) -> set[tuple[int, int]]:
    """By source text, the lines where something cannot be read: a name, perhaps, of the rule that follows there."""
    return {
        (id(error.source), error.source.position(error.span.start).line)
        for parsed in files
        for error in errors_of(parsed.diagnostics)
    }


def _unnamed(rule: CheckedRule, name: str, wanted: re.Pattern[str] | None) -> Diagnostic:
    start = rule.node.span.start
    insertion = Edit(Span(start, start), f"rule {name}: ")
    fits = wanted is None or wanted.fullmatch(name)
    return finding(
        "CR602",
        rule.source,
        Span(start, start + len("on")),
        f"this rule has no name and is called `{rule.name}`",
        label="it will be called otherwise once lines above it come or go",
        help=f"write `rule {name}:` before it, so that its decisions keep their ids and tests can speak of it",
        fix=Fix(f"write `rule {name}:` before it", (insertion,), safe=False) if fits else None,
    )
