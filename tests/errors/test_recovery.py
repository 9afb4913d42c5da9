"""A broken rule gives one or two findings and takes no healthy rule with it, whatever is wrong with it."""

import random
from dataclasses import replace

import pytest

from connrules import ast
from connrules.check import check
from connrules.syntax.parser import Parsed, parse
from connrules.syntax.scanner import scan
from connrules.text import SourceText

# Each begins at the start of a line; blank lines stand between rules.
HEALTHY = [
    text.lstrip("\n")
    for text in (
        """
rule cart_reminder:
  on received_push of "Abandoned Cart"
  after 1d
  unless purchase or opened_push
  send "Cart Reminder"
""",
        """
on received_push of "Abandoned Cart" after 1d12h unless purchase send X
""",
        """
rule vip: on purchase where amount >= 30 and (color in ("red", "blue") or not coupon is missing)
  after 90m restarting
  unless purchase where cart_id = trigger.cart_id
  at most 3 per 1w
  send "VIP"
""",
        """
rule news:
  on clicked_card of "Summer News", "Winter News" or event "Completed Profile" where `order-id` starts with "A"
  from 2026-03-01
  until 2026-06-01T00:00:00Z
  once
  send News
""",
        """
# a comment
rule week: on session_start after 1w send "Weekly"
""",
        """
on opened_email of any where cart.total is present
  after 2h
  send "Thanks"
""",
        """
segment parisians = user.city = "Paris" or user.country in ("FR", "DE") and not user.age < 18
""",
        """
policy:
  limit 3 per 1d
  limit push to 1 per 12h
  time zone "Europe/Paris"
  quiet 22:00 to 08:00 local or hold
""",
        """
rule audience:
  on event "Cart" where amount > 5 or sent audience_two
  if user.country = "FR" and not user.age < 18
  in 2 days at 09:00 local
  unless purchase where cart_id = trigger.cart_id
  per cart_id
  still if user.city is present
  between 09:00 and 21:00 zone "Europe/Paris" or drop
  hold out 12.5%
  convert on purchase where amount > 3 within 7d
  send one of 50% "A", 50% "B"
""",
        """
rule audience_two: on session_start next monday at 10:00 convert on purchase within 1d send "B"
""",
        """
test "sent after a day of silence":
  start 2026-03-01
  active "Weekly" from 0s until 60d
  each wait in 1h, 2h
  user "u1" at wait session_start where page = "start"
  at 2d event "Completed Profile"
  expect user "u1" sent "Weekly" at 8d
  expect nothing
""",
    )
]

BROKEN = (
    "rule a:\n  on purchase\n",
    "rule a:\n  send X\n",
    "rule a\n",
    "rule\n",
    "rule a: on\n",
    "rule a:\n  on purchase or\n  send X\n",
    "rule a:\n  on purchase\n  after\n  send X\n",
    "rule a:\n  on purchase\n  after 1.5d\n  send X\n",
    "rule a:\n  on purchase\n  aftr 1d\n  send X\n",
    'rule a:\n  on opened_push of "A\n  send X\n',
    "rule a:\n  on opened_push of “A”\n  send X\n",
    "rule a:\n  on purchase where (x = 1\n  send X\n",
    "rule a:\n  on purchase where x = 1 or y = 2\n  send X\n",
    "rule a:\n  on purchase\n  once\n  at most 3 per 1d\n  send X\n",
    "rule a:\n  on purchase\n  send X\n  send Y\n",
    "rule a:\n  on purchase\n  if country = 1\n  send X\n",
    'rule a:\n  on sent "b"\n  send X\n',
    "rule a:\n  on purchase\n  between 9am and 5pm\n  send X\n",
    "rule a:\n  on purchase\n  in 2 days\n  send X\n",
    "rule a:\n  on purchase\n  convert purchase within 7d\n  send X\n",
    "rule a:\n  on purchase\n  convrt on purchase within 7d\n  send X\n",
    "rule a:\n  on purchase\n  if segment s\n  send X\n",
    "rule a:\n  on purchase\n  send one of A, B\n",
    "rulle a:\n  on purchase\n  send X\n",
    "segment s = x = 1\n",
    "segment s: user.x = 1\n",
    "segment s =\n",
    "segment\n",
    "segmnt s = user.x = 1\n",
    "policy:\n",
    "policy\n  limit 3 per 1d\n",
    "policy:\n  limit push 1 per 12h\n",
    "polcy:\n  limit 3 per 1d\n",
    'test "t"\n  at 0s purchase\n  expect nothing\n',
    'test "t":\n  after 2h purchase\n  expect nothing\n',
    'test "t":\n  on purchase\n  expect nothing\n',
    'test "t":\n  at 0s purchase\n  expect no send\n',
    'test "t":\n  at 0s\n  expect nothing\n',
    "test t:\n  at 0s purchase\n  expect nothing\n",
    'tset "t":\n  at 0s purchase\n  expect nothing\n',
    'test "t":\n',
    "on purchase\n",
    "on purchse send X Y\n",
    "banana\n",
    "\ufffd\n",
    "rule a:\n  on purchase\u200b\n  send X\n",
    "rule a: on purchase where " + "not " * 200 + "x = 1 send X\n",
    "rule a: on purchase where " + "(" * 200 + "x = 1" + ")" * 200 + " send X\n",
    'rule a: on purchase where x = "\\u{D800}" send X\n',
    "}\n",
    '"\n',
    "`\n",
)

CHARACTERS = "\"“”'`#:,.()=<>-_ \n\t\\aZ09é\u200b\u202e😀;{}"


def parsed(text: str) -> Parsed:
    return parse(SourceText("t.conn", text))


def tree(text: str) -> ast.Declaration:
    (declaration,) = parsed(text).file.declarations
    return declaration


def nameless(declaration: ast.Declaration) -> ast.Declaration:
    """A name taken from a broken rule above is no loss."""
    return replace(declaration, name=None) if isinstance(declaration, ast.Rule) else declaration


def lost(survivors: tuple[ast.Declaration, ...], healthy: list[str]) -> list[str]:
    """Those of the healthy declarations that are not there any more."""
    left = [nameless(declaration) for declaration in survivors]
    gone = []
    for text in healthy:
        declaration = nameless(tree(text))
        if declaration in left:
            left.remove(declaration)
        else:
            gone.append(text)
    return gone


@pytest.mark.parametrize("text", HEALTHY)
def test_the_healthy_rules_are_healthy(text: str) -> None:
    assert parsed(text).diagnostics == ()


@pytest.mark.parametrize("around", HEALTHY)
@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_rule_gives_one_or_two_findings_and_its_neighbours_survive(broken: str, around: str) -> None:
    result = parsed(f"{around}\n{broken}\n{around}")
    check([result])
    assert 1 <= len(result.diagnostics) <= 2, result.diagnostics
    assert len(result.file.declarations) >= 2
    assert lost(result.file.declarations, [around, around]) == []


def test_each_of_many_broken_rules_is_reported() -> None:
    result = parsed("\n".join(broken + "\n" + HEALTHY[0] for broken in BROKEN))
    starts = [0]
    for broken in BROKEN:
        starts.append(starts[-1] + len(broken) + len(HEALTHY[0]) + 2)
    for broken, start, end in zip(BROKEN, starts, starts[1:], strict=False):
        count = sum(start <= f.span.start < end for f in result.diagnostics)
        assert 1 <= count <= 2, (broken, count)
    assert lost(result.file.declarations, [HEALTHY[0]] * len(BROKEN)) == []


def damaged(random_: random.Random, text: str, times: int) -> str:
    """The text with tokens deleted, doubled or overwritten by another, and characters replaced or put in."""
    tokens = [token.text for token in scan(text)]
    for _ in range(times):
        at, other = random_.randrange(len(tokens)), random_.randrange(len(tokens))
        place = random_.randrange(len(tokens[at]) + 1)
        character = random_.choice(CHARACTERS)
        match random_.randrange(5):
            case 0:
                tokens[at] = ""
            case 1:
                tokens[at] *= 2
            case 2:
                tokens[at] = tokens[other]
            case 3:
                tokens[at] = tokens[at][:place] + character + tokens[at][place + 1 :]
            case 4:
                tokens[at] = tokens[at][:place] + character + tokens[at][place:]
    return "".join(tokens)


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_rule_takes_no_other_with_it(seed: int) -> None:
    random_ = random.Random(seed)
    times = random_.choice((1, 1, 1, 2, 3))
    texts = [random_.choice(HEALTHY) for _ in range(random_.randint(2, 6))]
    victim = random_.randrange(len(texts))
    healthy = [text for index, text in enumerate(texts) if index != victim]
    texts[victim] = damaged(random_, texts[victim], times)
    result = parsed("\n".join(text if text.endswith("\n") else text + "\n" for text in texts))
    check([result])
    assert lost(result.file.declarations, healthy) == []
    assert len(result.diagnostics) <= max(2, times + 1), texts[victim]


@pytest.mark.parametrize("seed", range(100))
def test_two_tokens_that_change_places_take_no_other_rule_with_them(seed: int) -> None:
    random_ = random.Random(seed)
    before, victim, after = (random_.choice(HEALTHY) for _ in range(3))
    tokens = [token.text for token in scan(victim)]
    one, other = random_.randrange(len(tokens)), random_.randrange(len(tokens))
    tokens[one], tokens[other] = tokens[other], tokens[one]
    result = parsed("\n".join([before, "".join(tokens) + "\n", after]))
    assert lost(result.file.declarations, [before, after]) == []
    assert len(result.diagnostics) <= 3  # two places are wrong, and what stood between them may be as well


@pytest.mark.parametrize("seed", range(60))
def test_no_text_makes_it_raise(seed: int) -> None:
    random_ = random.Random(seed)
    pieces = [token.text for text in HEALTHY for token in scan(text)] + list(CHARACTERS)
    text = "".join(random_.choice(pieces) + random_.choice(("", " ", "\n")) for _ in range(random_.randrange(200)))
    for finding in check([parsed(text)]).diagnostics:
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
