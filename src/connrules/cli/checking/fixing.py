"""`connrules check --fix`: what the fixes of findings make of files, written or shown.

What is said goes to standard error; standard output has the report, or the difference, or the fixed text where the
rules came from standard input.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import click

from connrules.cli.inputs import Inputs
from connrules.cli.render import counted
from connrules.cli.rewriting import difference, replace_texts
from connrules.diagnostic import Diagnostic
from connrules.lint import Report
from connrules.lint.fixing import Fixed, Lint, can_be_applied, fixed
from connrules.text import SourceText


def apply_fixes(inputs: Inputs, lint: Lint, *, unsafe: bool) -> tuple[SourceText, ...]:
    """Fix what was read, write the files, say what was fixed, and give the texts as they are now.

    A text from standard input goes to standard output, and the files beside it stay as they are. Raises ShellError.
    """
    outcome = _fixed(inputs, lint, unsafe=unsafe)
    if inputs.piped is None:
        replace_texts(_changed(inputs.sources, outcome.sources))
    else:
        click.echo(outcome.sources[inputs.sources.index(inputs.piped)].text, nl=False)
    click.echo(_said(inputs, outcome, "fixed", unsafe=unsafe), err=True)
    return outcome.sources


def show_fixes(inputs: Inputs, lint: Lint, *, unsafe: bool, color: bool) -> bool:
    """Show how files would change, as `diff -u` does. Whether they would."""
    outcome = _fixed(inputs, lint, unsafe=unsafe)
    changed = _changed(inputs.sources, outcome.sources)
    for old, new in changed:
        click.echo(difference(old.path, old.text, new.text, "fixed", color=color), nl=False)
    click.echo(_said(inputs, outcome, "would fix", unsafe=unsafe), err=True)
    return bool(changed)


def render_fixable(findings: Sequence[Diagnostic], *, unsafe: bool) -> str:
    """`[*] 3 fixable with --fix (1 more with --unsafe-fixes)`; empty where nothing can be fixed."""
    safe, all_ = (sum(can_be_applied(f, unsafe=also_unsafe) for f in findings) for also_unsafe in (False, True))
    if unsafe:
        return f"[*] {all_} fixable with --fix --unsafe-fixes" if all_ else ""
    if not safe:
        return f"{all_} fixable with --fix --unsafe-fixes" if all_ else ""
    return f"[*] {safe} fixable with --fix{_more(all_ - safe)}"


def _more(number: int) -> str:
    return f" ({number} more with --unsafe-fixes)" if number else ""


def _fixed(inputs: Inputs, lint: Lint, *, unsafe: bool) -> Fixed:
    piped = inputs.piped
    if piped is None:
        return fixed(inputs.sources, lint, unsafe=unsafe)
    return fixed(inputs.sources, lambda sources: _only_about(piped, lint(sources)), unsafe=unsafe)


def _only_about(source: SourceText, report: Report) -> Report:
    return replace(report, findings=tuple(found for found in report.findings if found.source.path == source.path))


def _changed(before: Sequence[SourceText], after: Sequence[SourceText]) -> list[tuple[SourceText, SourceText]]:
    return [(old, new) for old, new in zip(before, after, strict=True) if old.text != new.text]


def _said(inputs: Inputs, outcome: Fixed, verb: str, *, unsafe: bool) -> str:
    """`fixed 3 findings in 2 files (1 more with --unsafe-fixes)`, and how many fixes were taken back."""
    number, files = len(outcome.applied), len(_changed(inputs.sources, outcome.sources))
    left = sum(can_be_applied(finding, unsafe=True) for finding in outcome.report.findings) - len(outcome.refused)
    said = f"{verb} {counted(number, 'finding')} in {counted(files, 'file')}" if number else "nothing to fix"
    said += _more(left) if left > 0 and not unsafe else ""
    reasons = Counter(refused.why for refused in outcome.refused)
    return "\n".join([said, *(f"{times} not applied: {why}" for why, times in reasons.items())])
