"""What fixes write, code by code; and that every fix that is offered anywhere in this folder holds by itself."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.errors.test_errors import CHUNKS, Chunk

from connrules.catalog import Catalog, load_catalog
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic
from connrules.lint import Report, Settings, lint
from connrules.lint.fixing import Fixed, fixed
from connrules.syntax.parser import parse
from connrules.text import SourceText

CATALOG = load_catalog(
    b"""
campaigns = [
  { name = "Abandoned Cart", id = "c-1", channels = ["push"], status = "active" },
  { name = "Cart Reminder", channels = ["email"], status = "active" },
]
cards = [{ name = "Summer News", status = "active" }]
events = [{ name = "Signed Up", properties = { plan = "string" } }]
user = { attributes = { country = "string", time_zone = "string" } }
""",
    "catalog.toml",
)
RULE = "on purchase {} send X\n"
NOT_ABOUT = ("CR6", "CR70", "CR711", "CR712", "CR110", "CR505", "CR508", "CR509")
"""Findings of other families, about which these tests say nothing."""


def report(sources: list[SourceText], catalog: Catalog | None) -> Report:
    return lint([parse(source) for source in sources], catalog, Settings(ignore=NOT_ABOUT))


def after_fixes(text: str, catalog: Catalog | None = None, *, unsafe: bool = True) -> Fixed:
    return fixed([SourceText("t.conn", text)], lambda sources: report(list(sources), catalog), unsafe=unsafe)


def assert_fixed(code: str, broken: str, mended: str, catalog: Catalog | None = None) -> None:
    """The text is mended for that code alone, by a fix as safe as the table of codes says."""
    outcome = after_fixes(broken, catalog)
    assert outcome.sources[0].text == mended
    assert {found.code for found in outcome.applied} == {code}
    assert {found.fix.safe for found in outcome.applied if found.fix} == {CODES[code].fix == "safe"}
    assert outcome.refused == ()
    assert after_fixes(mended, catalog).sources[0].text == mended
    if CODES[code].fix == "unsafe":
        assert after_fixes(broken, catalog, unsafe=False).sources[0].text == broken


SYNTAX = [
    ("CR101", 'on opened_push "A" send X', 'on opened_push of "A" send X'),
    ("CR101", 'on\r\n\topened push  # why\r\n\tof "A"\r\nsend X', 'on\r\n\topened_push  # why\r\n\tof "A"\r\nsend X'),
    ("CR101", 'on opened_push of "A" "B" send X', 'on opened_push of "A", "B" send X'),
    ("CR101", "on purchase,session_start send X", "on purchase or session_start send X"),
    ("CR101", "on purchase and session_start send X", "on purchase or session_start send X"),
    ("CR101", "on purchase where a=1,b=2 send X", "on purchase where a=1 and b=2 send X"),
    ("CR101", "on purchase\n  sned X", "on purchase\n  send X"),
    ("CR101", "on on purchase send X", "on purchase send X"),
    (
        "CR101",
        "on purchase\n  # first\n  after 12h 1d  # last\n  send X",
        "on purchase\n  # first\n  after 1d12h  # last\n  send X",
    ),
    ("CR101", "rule a\n  on purchase send X", "rule a:\n  on purchase send X"),
    ("CR101", "rule a-b:  # mine\n  on purchase send X", "rule a_b:  # mine\n  on purchase send X"),
    (
        "CR101",
        "policy:\n  limit pusch to 1 per 1d\non purchase send X",
        "policy:\n  limit push to 1 per 1d\non purchase send X",
    ),
    ("CR102", 'on purchase send "X”\n', 'on purchase send "X"\n'),
    ("CR102", 'on opened_push of "A” after 1d send X\n', 'on opened_push of "A" after 1d send X\n'),
    ("CR103", "on purchase send “X”", 'on purchase send "X"'),
    ("CR103", "on opened_push of „A“, «B» send ‘X’\n", 'on opened_push of "A", "B" send "X"\n'),
    ("CR103", "on purchase send “Lire la suite”  # “why”\r\n", 'on purchase send "Lire la suite"  # “why”\r\n'),
    ("CR103", "on purchase send X;\n", "on purchase send X\n"),
    ("CR103", "// mine\non purchase send X\n", "# mine\non purchase send X\n"),
    ("CR103", "on purchase where a = 1 || b = 2 send X", "on purchase where (a = 1 or b = 2) send X"),
    ("CR103", "on purchase where a=1&&b=2 send X", "on purchase where a=1 and b=2 send X"),
    ("CR105", RULE.format("after 1.5d"), RULE.format("after 1d12h")),
    ("CR105", RULE.format("after 12h1d"), RULE.format("after 1d12h")),
    ("CR105", RULE.format("after 1 day\t# a day\n"), RULE.format("after 1d\t# a day\n")),
    ("CR105", RULE.format("after “two weeks”"), RULE.format("after 2w")),
    ("CR106", RULE.format("after 1d unless session_strat"), RULE.format("after 1d unless session_start")),
    ("CR106", RULE.format('or push_opened of "A"'), RULE.format('or opened_push of "A"')),
    ("CR109", "on\u00a0purchase send X\n", "on purchase send X\n"),
    ("CR109", "on purchase \u200bsend X\n", "on purchase send X\n"),
    ("CR109", "on purchase\n\u00a0 \u00a0send X\n", "on purchase\n   send X\n"),
    ("CR113", RULE.format("in 2 days at 9:00"), RULE.format("in 2 days at 09:00")),
    (
        "CR113",
        RULE.format('in 2 days at 09:00 zone "Europe/Pariss"'),
        RULE.format('in 2 days at 09:00 zone "Europe/Paris"'),
    ),
    ("CR113", RULE.format("next Mon at 09:00"), RULE.format("next monday at 09:00")),
    ("CR113", RULE.format("until 31/03/2026"), RULE.format("until 2026-03-31")),
]


@pytest.mark.parametrize(("code", "broken", "mended"), SYNTAX)
def test_syntax(code: str, broken: str, mended: str) -> None:
    assert_fixed(code, broken, mended)


ORDERS = [
    ("on purchase send X after 1d", "on purchase after 1d send X"),
    ("rule a: send X on purchase", "rule a: on purchase send X"),
    ("rule a:\n  send X\n  after 1d\n  on purchase\n", "rule a:\n  on purchase\n  after 1d\n  send X\n"),
    (
        "rule a:\n\t# what\n\tsend X  # goes out\n\n\t# when\n\t# and why\n\ton purchase # trigger\n\t# below\n",
        "rule a:\n\t# when\n\t# and why\n\ton purchase # trigger\n\n\t# what\n\tsend X  # goes out\n\t# below\n",
    ),
    ("on purchase send X # soon\nafter 1d", "on purchase\nafter 1d\nsend X # soon"),
    (
        "rule a: send X # soon\non purchase rule b: on session_start send Y",
        "rule a: on purchase\nsend X # soon\n rule b: on session_start send Y",
    ),
    (
        "on purchase\n  unless session_start  # or\n    or opened_push of A  # B\n  after 1d\n  send X\n",
        "on purchase\n  after 1d\n  unless session_start  # or\n    or opened_push of A  # B\n  send X\n",
    ),
]


@pytest.mark.parametrize(("broken", "mended"), ORDERS)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_clauses_are_put_in_order_with_their_comments(broken: str, mended: str, line_end: str) -> None:
    assert_fixed("CR108", broken.replace("\n", line_end), mended.replace("\n", line_end))


NAMES = [
    (
        "CR201",
        'on opened_push of "Abandoned Crat" send "Cart Reminder"',
        'on opened_push of "Abandoned Cart" send "Cart Reminder"',
    ),
    (
        "CR201",
        'on opened_push of "c-1" send "Cart Reminder"',
        'on opened_push of "Abandoned Cart" send "Cart Reminder"',
    ),
    (
        "CR201",
        'on received_push of "Abandon Cart" after 1d unless opened_push of "Abandon Cart" send "Cart Reminder"',
        'on received_push of "Abandoned Cart" after 1d unless opened_push of "Abandoned Cart" send "Cart Reminder"',
    ),
    (
        "CR202",
        'on clicked_card of "Sumer News" send "Cart Reminder"',
        'on clicked_card of "Summer News" send "Cart Reminder"',
    ),
    (
        "CR203",
        'on event "Sign Up"\nafter 1d\nunless event "Sign Up" where plan = "b"\nsend "Cart Reminder"',
        'on event "Signed Up"\nafter 1d\nunless event "Signed Up" where plan = "b"\nsend "Cart Reminder"',
    ),
    (
        "CR204",
        'on opened_push of abandoned_cart send "Cart Reminder"',
        'on opened_push of "Abandoned Cart" send "Cart Reminder"',
    ),
    (
        "CR204",
        'on opened_push of "Abandoned\u00a0Cart" send "Cart Reminder"',
        'on opened_push of "Abandoned Cart" send "Cart Reminder"',
    ),
    ("CR212", 'on purchase send "Cart Remindr"', 'on purchase send "Cart Reminder"'),
    (
        "CR217",
        'on purchase if user.contry = "FR" or user.contry = "DE" send "Cart Reminder"',
        'on purchase if user.country = "FR" or user.country = "DE" send "Cart Reminder"',
    ),
    (
        "CR217",
        'on purchase if user.`country ` = "FR" send "Cart Reminder"',
        'on purchase if user.country = "FR" send "Cart Reminder"',
    ),
    (
        "CR218",
        'segment parisians = user.country = "FR"\non purchase if in segment parisian send "Cart Reminder"',
        'segment parisians = user.country = "FR"\non purchase if in segment parisians send "Cart Reminder"',
    ),
    (
        "CR219",
        'rule first: on purchase send "Cart Reminder"\nrule second: on sent frist send "Abandoned Cart"',
        'rule first: on purchase send "Cart Reminder"\nrule second: on sent first send "Abandoned Cart"',
    ),
    ("CR106", 'on signed_up send "Cart Reminder"', 'on event "Signed Up" send "Cart Reminder"'),
    (
        "CR201",
        'on purchase send "Cart Reminder"\ntest "t":\n  at 0s purchase\n  expect sent "Cart Remindr"',
        'on purchase send "Cart Reminder"\ntest "t":\n  at 0s purchase\n  expect sent "Cart Reminder"',
    ),
    (
        "CR714",
        'on purchase send "Cart Reminder"\ntest "t": user "al" at 0s purchase expect user "all" sent "Cart Reminder"',
        'on purchase send "Cart Reminder"\ntest "t": user "al" at 0s purchase expect user "al" sent "Cart Reminder"',
    ),
]


@pytest.mark.parametrize(("code", "broken", "mended"), NAMES)
def test_names_are_put_right_wherever_they_stand(code: str, broken: str, mended: str) -> None:
    assert_fixed(code, broken, mended, CATALOG)


DELAYS = [
    ("CR301", RULE.format("unless session_start"), RULE.format("after 1d unless session_start")),
    (
        "CR301",
        "rule a:\r\n\ton purchase\r\n\tunless session_start  # why\r\n\tsend X\r\n",
        "rule a:\r\n\ton purchase\r\n\tafter 1d\r\n\tunless session_start  # why\r\n\tsend X\r\n",
    ),
    ("CR301", RULE.format("after 0s unless session_start"), RULE.format("after 1d unless session_start")),
    ("CR305", RULE.format("or session_start or purchase"), RULE.format("or session_start")),
    ("CR305", RULE.format("or purchase or purchase"), RULE.format("").replace("  ", " ")),
    (
        "CR305",
        "on purchase\n  after 1d\n  unless session_start  # one\n    # two\n    or session_start  # three\n  send X",
        "on purchase\n  after 1d\n  unless session_start  # one\n    # two\n    # three\n  send X",
    ),
    ("CR305", 'on opened_push of "A", "B", "A" send X', 'on opened_push of "A", "B" send X'),
    ("CR305", 'on opened_push of\n  "A",\n  "A",\n  "B"\nsend X', 'on opened_push of\n  "A",\n  "B"\nsend X'),
    (
        "CR305",
        "policy:\n  limit 3 per 1d\n  limit 3 per 24h\non purchase send X",
        "policy:\n  limit 3 per 1d\non purchase send X",
    ),
    ("CR308", RULE.format("after 0s"), RULE.format("").replace("  ", " ")),
    ("CR308", "on purchase\n  after 0s  # at once\n  send X\n", "on purchase\n  # at once\n  send X\n"),
    ("CR308", "on purchase\r\n  after 0d\r\n  send X\r\n", "on purchase\r\n  send X\r\n"),
    ("CR308", "rule a: on purchase send X after 0s", "rule a: on purchase send X"),
]


@pytest.mark.parametrize(("code", "broken", "mended"), DELAYS)
def test_delays_and_what_stands_twice(code: str, broken: str, mended: str) -> None:
    if code == "CR308" and "send X after" in broken:
        assert after_fixes(broken).sources[0].text == mended
    elif "24h" in broken:
        assert after_fixes(broken, CATALOG).sources[0].text == mended
    else:
        assert_fixed(code, broken, mended)


def test_a_campaign_twice_in_a_split_is_left_to_the_user() -> None:
    (found,) = report([SourceText("t.conn", "on purchase send one of 50% A, 50% A")], None).findings
    assert (found.code, found.fix) == ("CR305", None)


def offers(chunk: Chunk) -> list[Diagnostic]:
    return [found for found in chunk.findings() if found.fix is not None]


def alone(chunk: Chunk, offered: Diagnostic) -> Fixed:
    """What becomes of a chunk where one finding alone offers its fix."""
    catalog = chunk.catalog_read()
    asked: list[Report] = []

    def only_that(sources: Sequence[SourceText]) -> Report:
        found = lint([parse(source) for source in sources], catalog, chunk.settings)
        kept = [f if not asked and f == offered else replace(f, fix=None) for f in found.findings]
        asked.append(found)
        return replace(found, findings=tuple(kept))

    return fixed([SourceText(chunk.name, chunk.text)], only_that, unsafe=True)


@pytest.mark.parametrize("chunk", CHUNKS, ids=[chunk.name for chunk in CHUNKS])
def test_every_fix_holds_by_itself(chunk: Chunk) -> None:
    for offered in offers(chunk):
        outcome = alone(chunk, offered)
        assert [found.code for found in outcome.applied] == [offered.code], (offered.message, outcome.refused)


@pytest.mark.parametrize("chunk", CHUNKS, ids=[chunk.name for chunk in CHUNKS])
def test_fixes_are_as_the_table_of_codes_says(chunk: Chunk) -> None:
    for found in offers(chunk):
        assert found.fix is not None
        assert CODES[found.code].fix == ("safe" if found.fix.safe else "unsafe")


@pytest.mark.parametrize("chunk", CHUNKS, ids=[chunk.name for chunk in CHUNKS])
def test_what_is_asked_can_be_answered_with_a_fix(chunk: Chunk) -> None:
    for found in chunk.findings():
        if found.help.startswith("did you mean"):
            assert found.fix is not None, found.help
