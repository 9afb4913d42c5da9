"""What is reported of what is found: selection, severities, files that are left out, suppressions and their fixes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connrules.catalog import load_catalog
from connrules.diagnostic import Diagnostic, Severity
from connrules.files import UnreadableError
from connrules.lint import Report, Settings, SettingsError, lint, lint_files, problem_with_code, problem_with_naming
from connrules.lint.fixing import fixed as apply_fixes
from connrules.lint.selection import fits
from connrules.pipeline import load
from connrules.syntax.layout import format_file
from connrules.syntax.parser import parse
from connrules.text import SourceText

TWICE = "rule r:\n  on purchase or purchase\n  after 0s\n  send A\n"
"""CR305 on line 2, CR308 on line 3."""


def report(*texts: str, settings: Settings | None = None) -> Report:
    sources = [SourceText(f"rules/{name}.conn", text) for name, text in zip("abc", texts, strict=False)]
    return lint([parse(source) for source in sources], None, settings)


def codes(*texts: str, **settings: object) -> list[str]:
    return [finding.code for finding in report(*texts, settings=Settings(**settings)).findings]  # type: ignore[arg-type]


def fixed(finding: Diagnostic) -> str:
    """The source text after the fix of a finding."""
    assert finding.fix is not None
    text = finding.source.text
    for edit in sorted(finding.fix.edits, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


# Selection


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ((), (), ["CR305", "CR308"]),
        (("CR3",), (), ["CR305", "CR308"]),
        (("cr305",), (), ["CR305"]),
        (("Zero-Delay",), (), ["CR308"]),
        ((), ("CR305",), ["CR308"]),
        ((), ("CR",), []),
        (("CR30",), ("CR3",), ["CR305", "CR308"]),
        (("CR3",), ("CR30",), []),
        (("CR3",), ("CR3",), []),
        (("CR3", "CR308"), ("CR30",), ["CR308"]),
        (("CR4",), (), []),
    ],
)
def test_of_two_that_speak_of_a_code_the_longer_one_counts(
    select: tuple[str, ...], ignore: tuple[str, ...], expected: list[str]
) -> None:
    assert codes(TWICE, select=select, ignore=ignore) == expected


def test_what_cannot_be_read_is_reported_in_any_case() -> None:
    settings = {"select": ("CR4",), "ignore": ("CR104",), "severities": {"CR104": None}}
    assert codes("on purchase", **settings) == ["CR104"]
    (finding,) = report("on purchase", settings=Settings(severities={"CR1": Severity.INFO})).findings
    assert finding.severity is Severity.ERROR
    assert codes("on purchase", per_file_ignores={"*": ("CR",)}) == ["CR104"]
    assert codes("rule r:\n  after 1d\n  on purchase\n  send A\n", ignore=("CR108",)) == ["CR601"]


def test_severities_differ_as_the_settings_say() -> None:
    settings = Settings(severities={"CR3": Severity.INFO, "zero-delay": Severity.ERROR})
    found = report(TWICE, settings=settings)
    assert [(f.code, f.severity) for f in found.findings] == [("CR305", "info"), ("CR308", "error")]
    assert {f.severity for f in found.checked.diagnostics} == {Severity.WARNING}
    assert codes(TWICE, severities={"CR3": None, "CR305": Severity.INFO}) == ["CR305"]


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.conn", "rules/old/a.conn", True),
        ("old/*.conn", "rules/old/a.conn", True),
        ("old/*.conn", "rules/old/new/a.conn", False),
        ("old/**", "rules/old/new/a.conn", True),
        ("old/", "rules/old/new/a.conn", True),
        ("old/**/a.conn", "old/a.conn", True),
        ("./old/a.conn", "old/a.conn", True),
        ("old", "rules/old/a.conn", True),
        ("/rules/old", "rules/old/deep/a.conn", True),
        ("old/a.conn/", "old/a.conn", False),
        ("ol?", "rules/old/a.conn", False),
        ("old/*", "rules/old/new/a.conn", False),
        ("ld/a.conn", "old/a.conn", False),
        ("a.con", "a.conn", False),
        ("A.conn", "a.conn", False),
        ("?.conn", "a.conn", True),
        ("[ab].conn", "a.conn", True),
        ("[!ab].conn", "a.conn", False),
        ("[z-a].conn", "a.conn", False),
        ("/old/a.conn", "old/a.conn", True),
        ("/old/a.conn", "/old/a.conn", True),
        ("/old/a.conn", "rules/old/a.conn", False),
        ("/rules/**/*.conn", "rules/old/a.conn", True),
    ],
)
def test_patterns_of_paths(pattern: str, path: str, *, expected: bool) -> None:
    assert fits(pattern, path) is expected


def test_files_are_left_out_by_path_or_name() -> None:
    for pattern in ("rules/b.conn", "b.conn", "[b-z].conn"):
        found = report(TWICE, TWICE.replace(" r:", " s:"), settings=Settings(per_file_ignores={pattern: ("CR3",)}))
        assert [(f.code, f.source.path) for f in found.findings if f.code != "CR504"][:2] == [
            ("CR305", "rules/a.conn"),
            ("CR308", "rules/a.conn"),
        ]
        assert not [f for f in found.findings if f.source.path == "rules/b.conn" and f.code.startswith("CR3")]
    named = lint([parse(SourceText("/tmp/x", TWICE, "old/a.conn"))], None, Settings(per_file_ignores={"old/": ("CR",)}))
    assert named.findings == ()
    # A pattern of a whole path is of paths: names are given by the program.
    whole = Settings(per_file_ignores={"/old/a.conn": ("CR",)})
    assert lint([parse(SourceText("/tmp/x", TWICE, "old/a.conn"))], None, whole).findings


def test_what_is_not_selected_is_not_skipped_either() -> None:
    assert "CR401" in report("").skipped
    assert report("", settings=Settings(select=("CR3",), as_of=0)).skipped == ("CR302", "CR307", "CR312")
    assert report("", settings=Settings(select=("CR7",))).skipped == ("CR702",)
    assert report("", settings=Settings(select=("CR7",), as_of=0)).skipped == ()


def test_with_errors_tests_and_suppressions_are_not_looked_at() -> None:
    wrong = "rule r:\n  on purchase\n  unless session_start\n  send A\n"
    seen = Settings(select=("CR7",), as_of=0)
    assert report(wrong, settings=seen).skipped == ()
    assert report("# connrules: ignore[CR305] wanted\n" + wrong, settings=seen).skipped == ("CR701",)
    assert report(wrong + 'test "t": expect nothing\n', settings=seen).skipped == ("CR711", "CR712")


# Settings


@pytest.mark.parametrize("text", ["CR401", "cr4", "CR", "send-loop", " Send-Loop "])
def test_what_names_findings(text: str) -> None:
    assert problem_with_code(text) is None
    assert Settings(select=(text,)).select == (text,)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("send-lop", "`send-loop`"), ("CR4O1", "`CR401`"), ("CR999", None), ("C", None), ("", None), ("CR40x", "CR40")],
)
def test_what_names_none(text: str, meant: str | None) -> None:
    problem = problem_with_code(text)
    assert problem is not None
    assert problem.message == f"there is no finding `{text}`"
    assert (meant or "`connrules explain` lists them all") in problem.help
    assert ("did you mean" in problem.help) is bool(meant)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (
            {"as_of": "2026-03-01"},
            "as_of: `'2026-03-01'` is no whole number of epoch milliseconds; connrules.parse",
        ),
        ({"as_of": 1.5}, "as_of: `1.5` is no whole number"),
        ({"as_of": True}, "as_of: `True` is no whole number"),
        ({"as_of": datetime(2026, 3, 1, tzinfo=UTC)}, "as_of: `datetime.datetime(2026, 3, 1, "),
        ({"ignore": "CR3"}, "ignore: `'CR3'` is a text by itself; write (\"CR3\",), a tuple"),
        ({"select": None}, 'select: `None` is no tuple of texts; write ("CR6",) or the like'),
        ({"ignore": (3,)}, "ignore: `(3,)` is no tuple of texts"),
        ({"severities": ["CR401"]}, "severities: `['CR401']` is no mapping of texts"),
        (
            {"severities": {"CR401": "error"}},
            "severities: `'error'` of `CR401` is no severity; write Severity",
        ),
        ({"severities": {"CR401": "off"}}, "severities: `'off'` of `CR401` is no severity"),
        ({"per_file_ignores": {"a": "CR6"}}, "per_file_ignores of `a`: `'CR6'` is a text by itself"),
        ({"per_file_ignores": ("a",)}, "per_file_ignores: `('a',)` is no mapping of texts"),
        ({"naming": 3}, "naming: `3` is no text"),
        ({"per_file_ignores": {"": ("CR6",)}}, "`` can fit nothing"),
        ({"per_file_ignores": {"./": ("CR6",)}}, "`./` can fit nothing"),
        ({"per_file_ignores": {"[": ("CR6",)}}, "`[` can fit nothing"),
        ({"per_file_ignores": {"old/[!]/*.conn": ("CR6",)}}, "`old/[!]/*.conn` can fit nothing"),
    ],
)
def test_settings_of_another_type_cannot_be_made(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(**wrong)
    assert str(raised.value).startswith(told)


def test_settings_may_be_lists_and_patterns_have_sets_of_characters() -> None:
    Settings(select=["CR3"], as_of=0, per_file_ignores={"[]a]/[!b].conn": ["CR6"]})  # type: ignore[arg-type, dict-item]


def test_what_lint_files_is_given() -> None:
    story = Path(__file__).parents[2] / "examples" / "abandoned-cart"
    catalog = load_catalog((story / "catalog.toml").read_bytes(), "catalog.toml")
    from_file = lint_files(story, catalog=story / "catalog.toml")
    assert lint_files(story, catalog=catalog).findings == from_file.findings
    assert load(story, catalog=catalog).diagnostics == load(story, catalog=story / "catalog.toml").diagnostics
    for reads in (lint_files, load):
        with pytest.raises(UnreadableError, match="there is no path to read"):
            reads()
    with pytest.raises(SettingsError, match=r"are no settings; write Settings\(ignore="):
        lint_files(story, settings={"ignore": ["CR3"]})  # type: ignore[arg-type]


def test_settings_that_mean_nothing_cannot_be_made() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(
            select=("CR8",),
            ignore=("x",),
            severities={"CR999": None},
            per_file_ignores={"*": ("y",)},
            naming="[a-z",
        )
    lines = str(raised.value).split("\n")
    assert lines[:4] == [f"there is no finding `{text}`" for text in ("CR8", "x", "CR999", "y")]
    assert lines[4].startswith("`[a-z` is no regular expression: ")


def test_a_pattern_of_names() -> None:
    assert problem_with_naming("[a-z]+") is None
    problem = problem_with_naming("(")
    assert problem is not None
    assert "[a-z][a-z0-9_]*" in problem.help


# Suppressions


def test_what_is_suppressed_is_kept_apart() -> None:
    found = report("# connrules: ignore[CR305] wanted\n" + TWICE)
    assert [f.code for f in found.findings] == ["CR308"]
    assert [one.finding.code for one in found.suppressed] == ["CR305"]
    assert [f.code for f in found.checked.diagnostics] == ["CR305", "CR308"]


def test_what_is_suppressed_has_the_first_comment_that_acts_and_its_reason() -> None:
    text = (
        "# connrules: ignore[CR308]\n"
        "# connrules: ignore[CR305] over until 1970-01-01\n"
        "# connrules: ignore[CR305] agreed with Jo until 2026-12-01\n"
        "# connrules: ignore[CR305] and again\n" + TWICE
    )
    pattern, delay = report(text, settings=Settings(as_of=0)).suppressed
    assert (pattern.finding.code, pattern.reason, pattern.until) == ("CR305", "agreed with Jo", 1_796_083_200_000)
    assert text[pattern.comment.start :].startswith("# connrules: ignore[CR305] agreed")
    assert (delay.finding.code, delay.reason, delay.until) == ("CR308", "", None)


def test_what_is_not_selected_makes_no_suppression_unused() -> None:
    text = "# connrules: ignore[CR305, CR313] wanted\n" + TWICE
    assert codes(text) == ["CR701", "CR308"]
    assert codes(text, ignore=("CR313",)) == ["CR308"]
    assert codes(text, per_file_ignores={"a.conn": ("CR313",)}) == ["CR308"]
    assert codes(text, select=("CR701",)) == []


def test_checks_that_were_not_made_leave_suppressions_in_peace() -> None:
    for code in ("CR201", "CR603", "CR711"):
        assert codes(f"# connrules: ignore[{code}] wanted\n" + TWICE, ignore=("CR3",)) == []
    assert codes("# connrules: ignore[CR603] wanted\n" + TWICE, ignore=("CR3",), naming="r") == ["CR701"]


def test_without_a_date_none_is_over() -> None:
    text = "# connrules: ignore[CR305] wanted until 0001-01-01\n" + TWICE
    assert codes(text, ignore=("CR308",)) == []
    assert codes(text, ignore=("CR308",), as_of=0) == ["CR702", "CR305"]


def test_many_comments_above_one_rule_all_speak_of_it() -> None:
    many = 20_000
    found = report("# connrules: ignore[CR305, CR308] wanted\n" * many + TWICE)
    assert found.findings == ()
    assert [one.finding.code for one in found.suppressed] == ["CR305", "CR308"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# connrules: ignore[CR301] x\non purchase send A\n", "on purchase send A\n"),
        ("on purchase send A\n  # connrules: ignore[CR301] x", "on purchase send A\n"),
        ("on purchase send A  # connrules: ignore[CR301] x\n", "on purchase send A\n"),
        ("on purchase send A# connrules: ignore[CR301] x", "on purchase send A"),
        ("on purchase\r\n  # connrules: ignore[CR301] x\r\n  send A\r\n", "on purchase\r\n  send A\r\n"),
        ("on purchase  # connrules: ignore[CR301] x\r\n  send A\r\n", "on purchase\r\n  send A\r\n"),
        ("\ufeff# connrules: ignore[CR301] x\non purchase send A\n", "on purchase send A\n"),
        ("on purchase  # one # connrules: ignore[CR301] x # two\n  send A\n", "on purchase  # one # two\n  send A\n"),
        ("on purchase  # connrules: ignore[CR301] x # two\n  send A\n", "on purchase  # two\n  send A\n"),
        ("# one # connrules: ignore[CR301] x\non purchase send A\n", "# one\non purchase send A\n"),
        ("# connrules: ignore[CR301, CR308] x\non purchase send A\n", "on purchase send A\n"),
        (
            "# connrules: ignore[CR301, CR602] x\non purchase send A\n",
            "# connrules: ignore[CR602] x\non purchase send A\n",
        ),
        (
            "# connrules: ignore[ CR602 ,CR301,unnamed-rule] x\non purchase send A\n",
            "# connrules: ignore[CR602] x\non purchase send A\n",
        ),
    ],
)
def test_the_fix_of_an_unused_suppression(before: str, after: str) -> None:
    source = SourceText.decode(before.encode(), "a.conn")
    (finding,) = [f for f in lint([parse(source)]).findings if f.code == "CR701"]
    assert finding.fix is not None
    assert finding.fix.safe
    assert fixed(finding) == after
    assert "CR701" not in codes(after)


def test_the_fix_of_an_unknown_name() -> None:
    (finding,) = report(
        "# connrules: ignore[duplicate-patern] x\n" + TWICE, settings=Settings(ignore=("CR3",))
    ).findings
    assert finding.fix is not None
    assert not finding.fix.safe
    assert fixed(finding).startswith("# connrules: ignore[duplicate-pattern] x\n")


# Style


def test_the_fix_of_a_file_is_the_file_that_fmt_would_write() -> None:
    text = "rule r: on purchase   send A  # why\r\n# connrules is a program\r\n"
    (finding,) = report(text).findings
    assert finding.code == "CR601"
    assert finding.fix is not None
    assert fixed(finding) == format_file(parse(SourceText("a.conn", text)))
    assert codes(fixed(finding)) == []


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_how_lines_end_is_no_matter_of_form(ending: str) -> None:
    assert codes('rule r:\n  on purchase\n  send "A"\n'.replace("\n", ending)) == []


@pytest.mark.parametrize(("text", "line"), [("", None), ("\n", 1), ("# a\n\n\n", 2), ("# a", 1), ("# a\n# b \n", 2)])
def test_where_the_form_begins_to_differ(text: str, line: int | None) -> None:
    found = report(text).findings
    assert [f.source.position(f.span.start).line for f in found] == ([line] if line else [])


def test_the_fixes_of_rules_without_names_give_names_that_nobody_has() -> None:
    text = 'on purchase send "A b"\non session_start send "A b"\non event "E" send "a-b"\n'
    names = 'rule a_b_2:\n  on event "F"\n  send "X"\n'
    found = [f for f in report(text, names).findings if f.code == "CR602"]
    assert [f.fix and f.fix.edits[0].text for f in found] == ["rule a_b: ", "rule a_b_3: ", "rule a_b_4: "]
    assert all(f.fix and not f.fix.safe for f in found)
    assert fixed(found[0]).startswith('rule a_b: on purchase send "A b"\non session')


@pytest.mark.parametrize(
    "broken",
    [
        "rule a_b: on “purchase” send X\n",
        "rule a_b on purchase send X\n",
        "rul a_b: on purchase send X\n",
        "rule a-b: on purchase send X\n",
        'rule "a b": on purchase send X\n',
        "rule a_b: on purchase after 1.5d send X\n",
    ],
)
def test_nor_names_that_rules_have_which_cannot_be_read_yet(broken: str) -> None:
    texts = ('on event "F" send "A b"\n', broken)
    found = report(*texts)
    assert found.checked.errors
    assert [f.fix.edits[0].text for f in found.findings if f.code == "CR602" and f.fix] == ["rule a_b_2: "]
    outcome = apply_fixes([SourceText(f"{n}.conn", text) for n, text in enumerate(texts)], _linted, unsafe=True)
    names = [rule.name for rule in outcome.report.checked.rules]
    assert len(names) == len(set(names))


def _linted(sources: Sequence[SourceText]) -> Report:
    return lint([parse(source) for source in sources])


def test_a_file_without_errors_takes_no_names_but_those_of_its_rules() -> None:
    (found,) = report('on event "F" send "A b"\n', "segment a_b = user.vip = true\n").findings[:1]
    assert found.fix
    assert found.fix.edits[0].text == "rule a_b: "


def test_a_name_that_would_be_against_the_convention_is_no_fix() -> None:
    (finding,) = report(
        "on purchase send A", settings=Settings(naming="r_.*", select=("CR6",), ignore=("CR601",))
    ).findings
    assert (finding.code, finding.fix) == ("CR602", None)
