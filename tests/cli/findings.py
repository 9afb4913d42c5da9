"""Findings for the tests of how they look: what is marked in a text, and a report of them."""

from collections.abc import Sequence
from dataclasses import replace

from connrules.check import Checked
from connrules.cli.formats.results import Results
from connrules.cli.render import summarize
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Edit, Fix, Related
from connrules.lint import Report, Suppressed
from connrules.text import SourceText, Span

LABEL = "it is about this"
HELP = "do something else"

LINES = 'rule r:\n  on opened_email of "Spring Sale"\n  «unless purchase»\n  send "Spring Sale Thanks"\n'


def marked(text: str, path: str = "rules/carts.conn") -> tuple[SourceText, Span]:
    """A text, and the place in it that stands between « and »."""
    start, end = text.index("«"), text.index("»") - 1
    return SourceText(path, text.replace("«", "").replace("»", "")), Span(start, end)


def about(text: str, path: str = "rules/carts.conn", code: str = "CR301", **words: str) -> Diagnostic:
    """A finding about what stands between « and » in a text."""
    source, span = marked(text, path)
    words = {"message": "an exception needs a delay to act in", "label": LABEL, "help": HELP, **words}
    return finding(code, source, span, words["message"], label=words["label"], help=words["help"])


def related(text: str, message: str = "the first one", path: str = "rules/carts.conn") -> Related:
    source, span = marked(text, path)
    return Related(source, span, message)


def beside(text: str, message: str = "the first one") -> Diagnostic:
    """A finding about what stands between « and », and in the same text about what stands between ‹ and ›."""
    found = about(text.replace("‹", "").replace("›", ""))
    _, span = marked(text.replace("«", "").replace("»", "").replace("‹", "«").replace("›", "»"))
    return replace(found, related=(Related(found.source, span, message),))


def fixed(found: Diagnostic, title: str, *texts: str, safe: bool = True) -> Diagnostic:
    """The finding with a fix that puts the texts where it is."""
    return replace(found, fix=Fix(title, tuple(Edit(found.span, text) for text in texts), safe))


def results(
    *findings: Diagnostic, suppressed: Sequence[Diagnostic] = (), skipped: tuple[str, ...] = (), clean: str = ""
) -> Results:
    """A report without a catalog; `clean` is the path of a file of which nothing is said."""
    left_out = tuple(Suppressed(one, Span(0, 0), "as agreed") for one in suppressed)
    report = Report(Checked((), None), findings, left_out, skipped)
    sources = dict.fromkeys(found.source for found in (*findings, *suppressed))
    all_sources = [*sources, *([SourceText(clean, "")] if clean else [])]
    return Results(report, all_sources, summarize(report, len(all_sources)))
