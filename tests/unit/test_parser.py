"""Texts to syntax trees: literals, names, clauses, spans; and no text at all makes the parser raise."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connrules import ast
from connrules.syntax.grammar import RESERVED
from connrules.syntax.parser import parse
from connrules.syntax.tables import tables
from connrules.text import SourceText, Span

HOUR, DAY = 3_600_000, 86_400_000
NFC, NFD = "Caf\u00e9", "Cafe\u0301"
SOFT_KEYWORDS = sorted(word for word in tables().fixed if word.isidentifier() and word not in RESERVED)

FULL = """\
# carts
rule cart_reminder:
  on received_push of "Abandoned Cart", Welcome where cart.total >= 30.5 and not coupon is present
    or event "Left Cart"
  if user.country = "FR" or in segment locals
  after 1d12h restarting
  unless purchase where cart_id = trigger.cart.id or opened_push
  per cart.id
  still if not user.blocked = true
  between 09:00 and 21:30 zone "Europe/Paris" or drop
  from 2026-03-01
  until 2026-06-01T09:00:00+02:00
  at most 3 per 1w
  hold out 12.5%
  convert on purchase where amount > 3 within 7d
  send one of 50% "Cart Reminder", 50% other
"""
REST = """\
segment locals = user.city in ("Paris", "Lyon") and user.age >= 18
policy:
  limit 3 per 1d
  limit push to 1 per 12h
  time zone "Europe/Paris"
  quiet 22:00 to 08:00 local or hold
test "a purchase cancels":
  start 2026-03-02
  active "Cart Reminder" from 0s until 60d
  each wait in 1h, 2h
  at 0s received_push of "Abandoned Cart"
  user "u2" at wait event "Left Cart" where total = 5 and when = wait
  expect user "u2" dropped cart_reminder at 1d by other because limited
  expect nothing
on sent cart_reminder in 2 days at 09:00 send X
on cancelled cart_reminder next friday at 00:00 local send X
"""


def _codes(text: str) -> list[str]:
    return [finding.code for finding in parse(SourceText("x.conn", text)).diagnostics]


def _declarations(text: str) -> tuple[ast.Declaration, ...]:
    parsed = parse(SourceText("x.conn", text))
    assert [finding.message for finding in parsed.diagnostics] == []
    return parsed.file.declarations


def _rule(text: str) -> ast.Rule:
    [rule] = _declarations(text)
    assert isinstance(rule, ast.Rule)
    return rule


def _target(rule: ast.Rule) -> str:
    [target] = rule.targets
    return target.text


def _is_unconditional(pattern: ast.Pattern) -> bool:
    assert isinstance(pattern, ast.EventPattern | ast.CustomEvent)
    return pattern.where is None


def _where(condition: str) -> ast.Condition:
    [pattern] = _rule(f"on purchase where {condition} send X").on.patterns
    assert isinstance(pattern, ast.EventPattern)
    assert pattern.where is not None
    return pattern.where


def _operand(literal: str) -> ast.Operand:
    condition = _where(f"p = {literal}")
    assert isinstance(condition, ast.Compare)
    return condition.operand


def _nodes(node: object) -> Iterator[object]:
    """A node and every node below it that has a span."""
    if isinstance(node, tuple) and not isinstance(node, Span):
        for item in node:
            yield from _nodes(item)
    elif is_dataclass(node) and not isinstance(node, type) and hasattr(node, "span"):
        yield node
        for field in fields(node):
            yield from _nodes(getattr(node, field.name))


# the tree


def test_the_tree_of_a_rule_with_everything_in_it() -> None:
    rule = _rule(FULL)
    assert rule.name is not None
    assert rule.name.text == "cart_reminder"
    pattern, custom = rule.on.patterns
    assert isinstance(pattern, ast.EventPattern)
    assert isinstance(pattern.of, ast.Objects)
    assert [(n.text, n.quoted) for n in pattern.of.names] == [("Abandoned Cart", True), ("Welcome", False)]
    assert isinstance(pattern.where, ast.AllOf)
    comparison, negation = pattern.where.terms
    assert isinstance(comparison, ast.Compare)
    assert isinstance(comparison.subject, ast.Path)
    assert comparison.subject.segments == ("cart", "total")
    assert isinstance(negation, ast.Negation)
    assert isinstance(negation.term, ast.IsPresent)
    assert isinstance(custom, ast.CustomEvent)
    assert (rule.after and rule.after.delay.ms, rule.after and rule.after.restarting) == (36 * HOUR, True)
    assert rule.unless is not None
    assert [_is_unconditional(p) for p in rule.unless.patterns] == [False, True]
    assert rule.from_ is not None
    assert rule.until is not None
    assert rule.until.time.ms - rule.from_.time.ms == 92 * DAY + 7 * HOUR
    assert isinstance(rule.eligibility, ast.AtMost)
    assert (rule.eligibility.count, rule.eligibility.window.ms) == (3, 7 * DAY)
    assert [target.text for target in rule.targets] == ["Cart Reminder", "other"]


def test_the_tree_of_what_is_asked_of_the_user_and_the_clock() -> None:
    rule = _rule(FULL)
    assert rule.if_ is not None
    assert isinstance(rule.if_.condition, ast.AnyOf)
    country, locals_ = rule.if_.condition.terms
    assert isinstance(country, ast.Compare)
    assert isinstance(country.subject, ast.Attribute)
    assert country.subject.path.segments == ("country",)
    assert isinstance(locals_, ast.InSegment)
    assert locals_.name.text == "locals"
    assert rule.per is not None
    assert rule.per.path.segments == ("cart", "id")
    assert rule.still_if is not None
    assert isinstance(rule.still_if.condition, ast.Negation)
    assert rule.between is not None
    assert (rule.between.opens.minutes, rule.between.closes.minutes, rule.between.drops) == (9 * 60, 21 * 60 + 30, True)
    assert rule.between.zone == ast.NamedZone("Europe/Paris", Span(0, 0))


def test_the_tree_of_chance() -> None:
    rule = _rule(FULL)
    assert rule.hold_out is not None
    assert rule.hold_out.share.millionths == 125_000
    assert rule.convert is not None
    assert isinstance(rule.convert.pattern, ast.EventPattern)
    assert rule.convert.within.ms == 7 * DAY
    assert isinstance(rule.send, ast.SendOneOf)
    assert [arm.share.millionths for arm in rule.send.arms] == [500_000, 500_000]


def test_the_tree_of_segments_policy_and_schedules() -> None:
    segment, policy, _, sent, cancelled = _declarations(REST)
    assert isinstance(segment, ast.Segment)
    assert segment.name.text == "locals"
    assert isinstance(segment.condition, ast.AllOf)
    assert isinstance(policy, ast.Policy)
    assert [(x.channel and x.channel.text, x.count, x.window.ms) for x in policy.limits] == [
        (None, 3, DAY),
        ("push", 1, DAY // 2),
    ]
    assert policy.time_zone is not None
    assert policy.time_zone.name == "Europe/Paris"
    assert policy.quiet is not None
    assert (policy.quiet.begins.minutes, policy.quiet.ends.minutes, policy.quiet.drops) == (22 * 60, 8 * 60, False)
    assert isinstance(policy.quiet.zone, ast.Local)
    assert isinstance(sent, ast.Rule)
    assert isinstance(cancelled, ast.Rule)
    assert isinstance(sent.on.patterns[0], ast.SentRule)
    assert isinstance(cancelled.on.patterns[0], ast.CancelledRule)
    assert isinstance(sent.delay, ast.InDays)
    assert (sent.delay.days, sent.delay.clock.minutes, sent.delay.zone) == (2, 9 * 60, None)
    assert isinstance(cancelled.delay, ast.NextWeekday)
    assert (cancelled.delay.weekday, cancelled.delay.clock.minutes) == (4, 0)
    assert cancelled.after is None


def test_the_tree_of_a_test() -> None:
    test = _declarations(REST)[2]
    assert isinstance(test, ast.Test)
    assert (test.name.text, test.name.quoted) == ("a purchase cancels", True)
    start, active, each, first, second, expect, nothing = test.steps
    assert isinstance(start, ast.Start)
    assert isinstance(active, ast.Active)
    assert (active.from_, active.until) == (
        ast.Duration(0, "0s", Span(0, 0)),
        ast.Duration(60 * DAY, "60d", Span(0, 0)),
    )
    assert isinstance(each, ast.Each)
    assert (each.variable.name, len(each.values)) == ("wait", 2)
    assert isinstance(first, ast.Happening)
    assert (first.user, first.type.text, first.object and first.object.text) == (
        None,
        "received_push",
        "Abandoned Cart",
    )
    assert isinstance(second, ast.Happening)
    assert (second.user, second.at) == ("u2", ast.Variable("wait", Span(0, 0)))
    assert [property_.path.segments for property_ in second.properties] == [("total",), ("when",)]
    assert isinstance(second.properties[1].value, ast.Variable)
    assert isinstance(expect, ast.Expect)
    assert (expect.user, expect.fate, expect.subject and expect.subject.text) == ("u2", "dropped", "cart_reminder")
    assert (expect.at, expect.by and expect.by.text, expect.because and expect.because.text) == (
        ast.Duration(DAY, "1d", Span(0, 0)),
        "other",
        "limited",
    )
    assert isinstance(nothing, ast.Expect)
    assert (nothing.fate, nothing.subject) == (None, None)


def test_what_is_said_of_an_expectation_stands_in_any_order() -> None:
    orders = ("at 1d by r because limited", "because limited at 1d by r", "by r because limited at 1d")
    one, other, third = (_declarations(f'test "x": expect dropped r {order} at 2d purchase') for order in orders)
    assert one == other == third


def test_an_event_after_an_expectation_is_a_step_of_its_own() -> None:
    [test] = _declarations('test "x": expect sent X at 1d at 2d purchase')
    assert isinstance(test, ast.Test)
    assert [type(step).__name__ for step in test.steps] == ["Expect", "Happening"]


def test_the_order_of_clauses_is_not_part_of_the_tree_but_can_be_asked_for() -> None:
    straight = _rule("rule x: on purchase after 1d once send X")
    crooked = _rule("rule x: send X once after 1d on purchase")
    assert straight == crooked
    assert [clause.keyword for clause in crooked.clauses] == ["send", "once", "after", "on"]


@pytest.mark.parametrize("spelling", ["1d", "24h", "1440m", "23h60m", "86400s", "86400000ms"])
def test_trees_are_equal_however_a_duration_is_spelled(spelling: str) -> None:
    assert _rule(f"on purchase after {spelling} send X") == _rule("on purchase after 1d send X")


def test_line_breaks_and_comments_mean_nothing() -> None:
    tokens = "on received_push of A after 1d unless purchase or opened_push send X"
    for separator in ("\n", "\r\n", "\t", " # so\n", " # so\r\n"):
        assert _rule(tokens.replace(" ", separator)) == _rule(tokens)


def test_tokens_need_no_space_where_none_is_ambiguous() -> None:
    assert _rule('rule x:on opened_push of"A","B"where(a.b>=1 or a.b<0)send"X"') == _rule(
        'rule x: on opened_push of "A", "B" where (a.b >= 1 or a.b < 0) send "X"'
    )
    assert _codes("onpurchase send X") == ["CR101"]


def test_a_byte_order_mark_is_tolerated() -> None:
    source = SourceText.decode(b"\xef\xbb\xbfon purchase send X", "x.conn")
    assert source.text == "on purchase send X"
    assert parse(source).diagnostics == ()


def test_comments_are_kept() -> None:
    comments = parse(SourceText("x.conn", "# one\r\non purchase # two\nsend X # three")).comments
    assert [comment.text for comment in comments] == ["# one", "# two", "# three"]


def test_a_file_may_be_empty() -> None:
    assert [_declarations(text) for text in ("", " \n", "# nothing", "\r\n\t")] == [()] * 4


# spans


def test_spans_are_those_of_the_text() -> None:
    rule = _rule(FULL)
    text_of = {type(node).__name__: FULL[slice(*node.span)] for node in _nodes(rule)}  # type: ignore[attr-defined]
    assert FULL[slice(*rule.span)] == FULL.removeprefix("# carts\n").rstrip()
    assert text_of["SendOneOf"] == 'send one of 50% "Cart Reminder", 50% other'
    assert text_of["Arm"] == "50% other"
    assert text_of["Share"] == "12.5%"
    assert text_of["Between"] == 'between 09:00 and 21:30 zone "Europe/Paris" or drop'
    assert text_of["NamedZone"] == 'zone "Europe/Paris"'
    assert text_of["InSegment"] == "in segment locals"
    assert text_of["StillIf"] == "still if not user.blocked = true"
    assert text_of["Attribute"] == "user.blocked"
    assert text_of["HoldOut"] == "hold out 12.5%"
    assert text_of["Convert"] == "convert on purchase where amount > 3 within 7d"
    assert text_of["After"] == "after 1d12h restarting"
    assert text_of["AtMost"] == "at most 3 per 1w"
    assert text_of["CustomEvent"] == 'event "Left Cart"'
    assert text_of["Compare"] == "amount > 3"
    assert text_of["TriggerProperty"] == "trigger.cart.id"
    assert text_of["Negation"] == "not user.blocked = true"
    assert text_of["Instant"] == "2026-06-01T09:00:00+02:00"


def test_a_node_lies_within_the_one_above_it() -> None:
    for outer in _nodes(_declarations(FULL + REST)):
        for inner in _nodes(outer):
            assert outer.span.start <= inner.span.start <= inner.span.end <= outer.span.end  # type: ignore[attr-defined]


def test_clauses_read_again_from_their_spans_make_the_same_rule() -> None:
    rule = _rule(FULL)
    clauses = [FULL[slice(*clause.span)] for clause in rule.clauses]
    assert _rule("rule cart_reminder: " + " ".join(reversed(clauses))) == rule


# names


@pytest.mark.parametrize("word", SOFT_KEYWORDS)
def test_words_that_are_keywords_in_one_place_are_names_elsewhere(word: str) -> None:
    rule = _rule(f"rule {word}: on purchase where {word} is missing send {word}")
    assert rule.name is not None
    assert (rule.name.text, _target(rule)) == (word, word)


@pytest.mark.parametrize("word", [word for word in SOFT_KEYWORDS if word != "any"])
def test_they_are_names_of_campaigns_too(word: str) -> None:
    [pattern] = _rule(f"on opened_push of {word}, {word} send X").on.patterns
    assert isinstance(pattern, ast.EventPattern)
    assert isinstance(pattern.of, ast.Objects)
    assert [name.text for name in pattern.of.names] == [word, word]


def test_of_any_is_not_a_campaign_but_of_any_in_quotes_is() -> None:
    bare, quoted = (_rule(f"on opened_push of {any_} send X").on.patterns[0] for any_ in ("any", '"any"'))
    assert isinstance(bare, ast.EventPattern)
    assert isinstance(bare.of, ast.AnyObject)
    assert isinstance(quoted, ast.EventPattern)
    assert isinstance(quoted.of, ast.Objects)


@pytest.mark.parametrize("word", sorted(RESERVED))
def test_a_reserved_word_names_nothing_unless_in_quotes(word: str) -> None:
    assert _codes(f"on purchase send {word}") != []
    assert _target(_rule(f'on purchase send "{word}"')) == word
    assert _where(f"`{word}` is missing") == _where(f"`{word}`is missing")


def test_names_are_in_nfc_wherever_they_stand() -> None:
    composed, decomposed = (
        _rule(f'on opened_push of "{n}" where `{n}` = "{n}" or event "{n}" send "{n}"') for n in (NFC, NFD)
    )
    assert composed == decomposed
    assert _target(decomposed) == NFC


def test_names_tell_case_apart() -> None:
    assert _rule("on purchase send X") != _rule("on purchase send x")


# literals


STRINGS = {
    '""': "",
    r'"a \"b\""': 'a "b"',
    r'"a\\n"': "a\\n",
    r'"a\nb\tc"': "a\nb\tc",
    r'"\u{1F600}\u{e9}"': "\N{GRINNING FACE}é",
    r'"e\u{301}"': "é",
    '"# no comment"': "# no comment",
    '"`or`"': "`or`",
}


@pytest.mark.parametrize(("text", "value"), STRINGS.items())
def test_strings_and_their_escapes(text: str, value: str) -> None:
    operand = _operand(text)
    assert isinstance(operand, ast.Text)
    assert operand.value == value


@pytest.mark.parametrize("text", [r'"\u{D800}"', r'"\u{110000}"', r'"\x"', '"a', "'a'", "“a”"])
def test_what_is_no_string(text: str) -> None:
    assert set(_codes(f"on purchase send {text}")) <= {"CR102", "CR103"}
    assert _codes(f"on purchase send {text}")


NUMBERS = {"0": 0, "-0.5": -0.5, "12": 12, "-3": -3, "007": 7, "2.50": 2.5, "999999999999999": 999_999_999_999_999}


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_numbers(text: str, value: float) -> None:
    operand = _operand(text)
    assert isinstance(operand, ast.Number)
    assert (operand.value, type(operand.value)) == (value, type(value))


def test_booleans() -> None:
    assert [_operand(text) for text in ("true", "false")] == [
        ast.Boolean(True, Span(0, 0)),
        ast.Boolean(False, Span(0, 0)),
    ]


TIMES = {
    "1970-01-01": 0,
    "1970-01-02T00:00Z": DAY,
    "1970-01-01T01:00:00+01:00": 0,
    "1969-12-31T23:59:59.999Z": -1,
    "1970-01-01T00:00:00.0019Z": 1,
    "2026-03-01T09:00:00Z": 1_772_355_600_000,
}


@pytest.mark.parametrize(("text", "ms"), TIMES.items())
def test_times(text: str, ms: int) -> None:
    operand = _operand(text)
    assert isinstance(operand, ast.Instant)
    assert operand.ms == ms


@pytest.mark.parametrize(
    "text",
    ["2026-02-29", "2026-13-01", "2026-03-01T25:00Z", "2026-03-01T09:00", "2026-3-1", "0000-01-01", "2026-03-01T9:00Z"],
)
def test_what_is_no_time(text: str) -> None:
    assert _codes(f"on purchase from {text} send X") == ["CR113"]


DURATIONS = {
    "0s": 0,
    "1ms": 1,
    "1m": 60_000,
    "1w": 7 * DAY,
    "90m": 90 * 60_000,
    "1d12h": 36 * HOUR,
    "1w1d1h1m1s1ms": 8 * DAY + HOUR + 61_001,
}


@pytest.mark.parametrize(("text", "ms"), DURATIONS.items())
def test_durations(text: str, ms: int) -> None:
    rule = _rule(f"on purchase after {text} send X")
    assert rule.after is not None
    assert (rule.after.delay.ms, rule.after.delay.spelling) == (ms, text)


@pytest.mark.parametrize("text", ["90", "1.5d", "1d1d", "1h1d", "1y", "-1d", "1D", "36526d", "9" * 19 + "ms", '"1d"'])
def test_what_is_no_duration(text: str) -> None:
    assert set(_codes(f"on purchase after {text} send X")) <= {"CR105", "CR101"}
    assert len(_codes(f"on purchase after {text} send X")) == 1


# conditions


def test_and_binds_closer_than_or() -> None:
    condition = _where("(a = 1 and b = 2 or c = 3)")
    assert isinstance(condition, ast.AnyOf)
    assert [type(term) for term in condition.terms] == [ast.AllOf, ast.Compare]


def test_not_binds_closer_than_and() -> None:
    condition = _where("not a = 1 and b = 2")
    assert isinstance(condition, ast.AllOf)
    assert [type(term) for term in condition.terms] == [ast.Negation, ast.Compare]


def test_parentheses_alone_are_not_part_of_the_tree() -> None:
    assert _where("((a = 1))") == _where("a = 1")


def test_a_bare_or_separates_patterns() -> None:
    rule = _rule("on purchase where a = 1 or session_start send X")
    assert [_is_unconditional(p) for p in rule.on.patterns] == [False, True]


DEEPEST = 60


@pytest.mark.parametrize("opening", ["not ", "("])
def test_conditions_may_nest_as_deep_as_anybody_means_and_no_deeper(opening: str) -> None:
    closing = ")" if opening == "(" else ""
    nested = "on purchase where {}a = 1{} send X"
    assert _codes(nested.format(opening * DEEPEST, closing * DEEPEST)) == []
    for depth in (DEEPEST + 1, 10_000):
        assert _codes(nested.format(opening * depth, closing * depth)) == ["CR101"]


def test_many_terms_side_by_side_are_not_deep() -> None:
    condition = _where(" and ".join(["not (a = 1)"] * 500))
    assert isinstance(condition, ast.AllOf)
    assert len(condition.terms) == 500


# files with something wrong in them


def test_a_broken_rule_does_not_take_the_healthy_ones_with_it() -> None:
    text = "on purchase send A\nrule b: on or send B\nrule c: on purchase after send C\non session_start send D\n"
    parsed = parse(SourceText("x.conn", text))
    assert [_target(rule) for rule in parsed.file.rules] == ["A", "D"]
    assert [finding.source.position(finding.span.start).line for finding in parsed.diagnostics] == [2, 3]


@pytest.mark.parametrize(
    "declaration",
    [
        "segment vip = age > 5",
        "policy: limit push 3 per 1d",
        'test "x": after 0s purchase',
        "segment = ",
        "policy",
        "test",
    ],
)
@pytest.mark.parametrize(
    "healthy", ["on purchase send A", "segment s = user.x = 1", "policy: limit 3 per 1d", 'test "x": expect nothing']
)
def test_a_broken_declaration_of_any_kind_is_one_finding_and_harms_nothing_else(declaration: str, healthy: str) -> None:
    parsed = parse(SourceText("x.conn", f"{healthy}\n{declaration}\n{healthy}"))
    assert len(parsed.file.declarations) == 2
    assert len(parsed.diagnostics) == 1


WORDS = [
    *FULL.split(),
    *REST.split(),
    "on",
    "rule",
    "or",
    "(",
    ")",
    "not",
    "`",
    '"',
    "“",
    "1.5d",
    "2026",
    "\N{NO-BREAK SPACE}",
    "\r\n",
    "#",
]


@given(st.text() | st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
def test_no_text_makes_the_parser_raise_and_every_finding_points_into_the_text(text: str) -> None:
    parsed = parse(SourceText("x.conn", text))
    for finding in parsed.diagnostics:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
        assert finding.message


@given(st.integers(0, len(FULL) - 1), st.integers(1, 12))
def test_a_rule_with_a_hole_in_it_parses_or_says_why_not(start: int, length: int) -> None:
    parsed = parse(SourceText("x.conn", FULL[:start] + FULL[start + length :]))
    assert parsed.file.declarations or parsed.diagnostics


@given(st.binary())
def test_no_bytes_make_it_raise(data: bytes) -> None:
    parse(SourceText.decode(data, "x.conn"))
