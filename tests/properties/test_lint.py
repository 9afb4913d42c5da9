"""Settings and suppressions part what is found, and change nothing of it."""

from collections import Counter
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st
from tests.properties.rule_sets import rule_sets
from tests.properties.world import instants

from connrules.codes import CODES
from connrules.diagnostic import Diagnostic
from connrules.lint import Report, Settings, lint
from connrules.syntax.parser import parse
from connrules.text import SourceText

PREFIXES = sorted({code[:length] for code in CODES for length in range(2, 6)})
NAMED = st.lists(st.sampled_from(PREFIXES), max_size=4).map(tuple)
ABOUT = {"CR701", "CR702", "CR703", "CR704"}


def report(text: str, settings: Settings | None = None) -> Report:
    return lint([parse(SourceText("rules.conn", text))], None, settings)


def counted(findings: Iterable[Diagnostic]) -> Counter[tuple[str, str]]:
    """Findings by code and the text that they are about: lines may have moved."""
    return Counter((f.code, f.source.text[f.span.start : f.span.end]) for f in findings)


def place(finding: Diagnostic) -> tuple[int, int, str]:
    return (*finding.span, finding.code)


@st.composite
def suppressed_rule_sets(draw: st.DrawFn) -> str:
    """Rule sets with comments above and behind some of their lines, of what is found there and of what is not."""
    lines = draw(rule_sets()).split("\n")
    found = sorted({f.code for f in report("\n".join(lines)).findings} | {"CR301", "CR602"})
    for number, line in enumerate(lines):
        codes = draw(st.lists(st.sampled_from([*found, "CR999", "CR101", "send-loop"]), max_size=3))
        comment = f"# connrules: ignore[{', '.join(codes)}] {draw(st.sampled_from(['', 'wanted']))}"
        if codes:
            lines[number] = draw(st.sampled_from([f"{comment}\n{line}", f"{line}  {comment}"]))
    return "\n".join(lines)


@given(text=rule_sets(), ignore=NAMED)
def test_selecting_and_ignoring_the_same_part_the_findings(text: str, ignore: tuple[str, ...]) -> None:
    everything = report(text).findings
    kept = report(text, Settings(ignore=ignore)).findings
    selected = report(text, Settings(select=ignore)).findings if ignore else ()

    parts = [*kept, *(f for f in selected if f not in kept)]
    assert sorted(parts, key=place) == sorted(everything, key=place)
    assert all(f.code.startswith("CR1") for f in kept if f in selected)


@given(text=suppressed_rule_sets())
def test_suppressed_and_reported_are_all_that_is_found(text: str) -> None:
    found = report(text)
    without = report(text.replace("connrules: ignore", "connrules: really"))

    assert not without.suppressed
    kept = [f for f in found.findings if f.code not in ABOUT]
    suppressed = [s.finding for s in found.suppressed]
    assert sorted(map(place, [*kept, *suppressed])) == sorted(map(place, without.findings))
    assert not ABOUT & {f.code for f in suppressed}


@given(text=suppressed_rule_sets(), as_of=instants(), data=st.data())
def test_without_an_unused_suppression_all_else_is_found_as_before(text: str, as_of: int, data: st.DataObject) -> None:
    settings = Settings(as_of=as_of, ignore=("CR601",))
    before = report(text, settings)
    if not _unused(before):
        return
    unused = data.draw(st.sampled_from(_unused(before)))
    assert unused.fix is not None
    (edit,) = unused.fix.edits
    after = report(text[: edit.span.start] + edit.text + text[edit.span.end :], settings)

    assert counted(_others(after)) == counted(_others(before))
    assert counted(s.finding for s in after.suppressed) == counted(s.finding for s in before.suppressed)
    assert len(_unused(after)) == len(_unused(before)) - 1


def _unused(found: Report) -> list[Diagnostic]:
    return [finding for finding in found.findings if finding.code == "CR701"]


def _others(found: Report) -> list[Diagnostic]:
    """All but CR701; and but CR704, whose span is the whole comment, of which a part may be gone."""
    return [finding for finding in found.findings if finding.code not in {"CR701", "CR704"}]
