"""Random rule sets over the whole language, as text, so that parser and checker take part.

All of it lies in the small world of `world.py`. Strategies are cached, for making one takes longer than drawing.
"""

from functools import cache, lru_cache
from typing import TypeVar

from hypothesis import strategies as st
from tests.properties.world import (
    CAMPAIGN_WORDS,
    CAMPAIGNS,
    CARD_WORDS,
    CARDS,
    CLOCKS,
    CUSTOM_EVENTS,
    GRID,
    OBJECT_KINDS,
    ZONES,
    instants,
)

from connrules.duration import format_duration, format_instant
from connrules.vocabulary import ObjectKind

Choice = TypeVar("Choice")

SEGMENTS = ("regulars", "locals")
_AT_ONCE = ("", "after 0s")
_EIGHT = st.integers(1, 8)

# Rule sets


@cache
@st.composite
def rule_sets(draw: st.DrawFn, *, once: bool = True) -> str:
    """The text of segments, perhaps a policy, and one to four rules. Now and then the checker finds errors in it.

    Without `once`, no rule is for a single time.
    """
    count = draw(_weighted(1, 2, 3, 4, 4))
    segments = SEGMENTS[: draw(_weighted(0, 0, 1, 2))]
    declarations = [f"segment {name} = {draw(_audiences(segments[:n]))}" for n, name in enumerate(segments)]
    if draw(_weighted(False, False, True)):
        declarations.append("policy: " + draw(_policies()))
    named: tuple[str, ...] = ()
    for number in range(count):
        title = draw(_weighted(f"rule r{number}: ", ""))
        declarations.append(title + draw(_rules(named, segments, once)))
        named += (f"r{number}",) if title else ()
    return "\n".join(declarations)


@cache
@st.composite
def _rules(draw: st.DrawFn, named: tuple[str, ...], segments: tuple[str, ...], once: bool) -> str:
    """A rule; `named` are those before it that have a name."""
    triggers = draw(_triggers(named))
    clauses = ["on " + " or ".join(triggers), draw(_sometimes("if {}", _audiences(segments)))]
    delay = draw(_delays())
    clauses.append(delay)
    if delay not in _AT_ONCE and draw(_weighted(True, True, False)):
        clauses.append("unless " + " or ".join(draw(_exceptions(triggers))))
    clauses.append(draw(_sometimes("per {}", _weighted("cart.id", "tag", "amount", "tags", "gone"))))
    clauses.append(draw(_sometimes("still if {}", _audiences(segments))))
    clauses.append(draw(_sometimes("between {}", _windows(" and "))))
    clauses.append(draw(_lifetimes()))
    clauses.append(draw(_eligibilities(once)))
    clauses.append(draw(_sometimes("hold out {}%", _weighted("50", "33.3333", "80"))))
    clauses.append(draw(_sometimes("convert on {}", _goals())))
    clauses.append(draw(_sends()))
    return " ".join(clause for clause in clauses if clause)


@lru_cache(maxsize=None, typed=True)  # 0 is not False
def _weighted(*choices: Choice) -> st.SearchStrategy[Choice]:
    """One of these; what stands twice comes twice as often."""
    return st.sampled_from(choices)


@cache
@st.composite
def _sometimes(draw: st.DrawFn, clause: str, parts: st.SearchStrategy[str]) -> str:
    """One time in eight a clause with such a part, else none."""
    return clause.format(draw(parts)) if draw(_EIGHT) == 8 else ""


# Triggers and exceptions


@cache
@st.composite
def _triggers(draw: st.DrawFn, named: tuple[str, ...]) -> list[str]:
    """One or two patterns; where there are named rules before, now and then what became of one of them."""
    triggers: list[str] = draw(_one_or_two_patterns())
    if named and draw(_weighted(False, True)):
        triggers[-1] = f"{draw(_weighted('sent', 'sent', 'cancelled'))} {draw(_weighted(*named))}"
    return triggers


@cache
def _one_or_two_patterns() -> st.SearchStrategy[list[str]]:
    return st.lists(_patterns(), min_size=1, max_size=2)


@cache
def _patterns() -> st.SearchStrategy[str]:
    """Patterns that say what they speak of."""
    customs = (f'event "{name}"' for name in CUSTOM_EVENTS)
    plain = st.sampled_from(["purchase", "purchase", "purchase", "session_start", *customs])
    campaigns = st.builds("{} of {}{}".format, st.sampled_from(CAMPAIGN_WORDS), _objects(CAMPAIGNS), _wheres())
    return st.one_of(
        st.builds("{}{}".format, plain, _wheres()),
        campaigns,
        campaigns,
        st.builds("{} of {}{}".format, st.sampled_from(CARD_WORDS), _objects(CARDS), _wheres()),
    ).map(_without_where_of_a_session)


def _without_where_of_a_session(pattern: str) -> str:
    return pattern.partition(" where")[0] if pattern.startswith("session_start") else pattern


@cache
def _objects(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    several = st.lists(st.sampled_from((names[0], *names)), min_size=1, max_size=3, unique=True)
    return st.one_of(st.just("any"), several.map(lambda chosen: ", ".join(f'"{name}"' for name in chosen)))


def _exceptions(triggers: list[str]) -> st.SearchStrategy[list[str]]:
    """One to three exceptions to such triggers: some the triggers themselves, some that imply the trigger's object."""
    words = [trigger.split()[0] for trigger in triggers]
    kinds = frozenset(ObjectKind.CAMPAIGN if word == "sent" else OBJECT_KINDS.get(word) for word in words)
    again = [t for t, word in zip(triggers, words, strict=True) if word not in {"session_start", "sent", "cancelled"}]
    one = _new_exceptions(kinds) | st.sampled_from(again) if again else _new_exceptions(kinds)
    return st.lists(one, min_size=1, max_size=3)


@cache
def _new_exceptions(kinds: frozenset[ObjectKind | None]) -> st.SearchStrategy[str]:
    compared = st.sampled_from(["", "", " where cart.id = trigger.cart.id", " where amount > trigger.amount"])
    implied = [word for word, kind in OBJECT_KINDS.items() if kind in kinds]
    return _patterns() | st.builds("{}{}".format, st.sampled_from([*implied, "purchase"]), compared)


# Conditions


@cache
def _wheres() -> st.SearchStrategy[str]:
    return _sometimes(" where {}", _combined(_comparisons(_PATHS)))


@cache
def _audiences(segments: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Conditions on users, which may speak of those segments."""
    comparisons = _comparisons(_ATTRIBUTES)
    return _combined(st.sampled_from([f"in segment {s}" for s in segments]) | comparisons if segments else comparisons)


def _combined(conditions: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        conditions,
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.builds("({} and {})".format, inner, inner),
            st.builds("({} or {})".format, inner, inner),
        ),
        max_leaves=3,
    )


_PATHS = ("amount", "tag", "tags", "cart.id", "`order-id`", "moment", "gone")
_ATTRIBUTES = ("user.plan", "user.plan", "user.age", "user.tags", "user.address.city", "user.since", "user.`e-mail`")


@cache
def _comparisons(paths: tuple[str, ...]) -> st.SearchStrategy[str]:
    subjects = st.sampled_from(paths)
    operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
    times = ["2006-10-29", '"2006-10-29"', "2006-10-28T15:00:00Z"]
    literals = st.sampled_from(["5", "-1.5", '"a"', '"caf\u00e9"', "true", '""', *times])
    return st.one_of(
        st.builds("{} {} {}".format, subjects, operators, literals),
        st.builds("{} in ({}, {})".format, subjects, literals, literals),
        st.builds("{} contains {}".format, subjects, literals),
        st.builds("{} starts with {}".format, subjects, st.sampled_from(['"a"', '"caf\u00e9"', '""'])),
        st.builds("{} is {}".format, subjects, st.sampled_from(["missing", "present"])),
    )


# Time


@cache
def _delays() -> st.SearchStrategy[str]:
    elapsed = st.builds("after {}{}".format, st.integers(1, 6).map(_duration), _weighted("", "", " restarting"))
    days = st.builds("in {} days at {}{}".format, _weighted(0, 0, 1), st.sampled_from(CLOCKS), _zones())
    weekdays = st.builds("next sunday at {}{}".format, st.sampled_from(CLOCKS), _zones())
    return st.one_of(elapsed, elapsed, elapsed, elapsed, days, weekdays, st.sampled_from(_AT_ONCE))


@cache
def _zones() -> st.SearchStrategy[str]:
    return st.sampled_from(["", " local", " local", *(f' zone "{zone}"' for zone in ZONES)])


@cache
def _windows(joint: str) -> st.SearchStrategy[str]:
    clocks = st.lists(st.sampled_from(CLOCKS), min_size=2, max_size=2, unique=True).map(joint.join)
    return st.builds("{}{}{}".format, clocks, _zones(), _weighted("", " or hold", " or drop"))


@cache
@st.composite
def _lifetimes(draw: st.DrawFn) -> str:
    clauses: str = draw(_weighted(*[""] * 16, "from {0}", "until {1}", "from {0} until {1}", "from {2}"))
    if not clauses:
        return clauses
    start, end = sorted(draw(_two_instants()))
    return clauses.format(format_instant(start), format_instant(end), "2006-10-29")


@cache
def _two_instants() -> st.SearchStrategy[list[int]]:
    return st.lists(instants(), min_size=2, max_size=2, unique=True)


def _duration(steps: int) -> str:
    return format_duration(steps * GRID)


# What is sent, and how often


@cache
def _eligibilities(once: bool) -> st.SearchStrategy[str]:
    absent = st.just("")
    return st.one_of(absent, absent, absent, st.just("once") if once else absent, _quotas().map("at most {}".format))


@cache
def _quotas() -> st.SearchStrategy[str]:
    return st.builds("{} per {}".format, st.integers(1, 2), st.integers(1, 6).map(_duration))


@cache
def _goals() -> st.SearchStrategy[str]:
    return st.builds("{} within {}".format, _patterns(), st.integers(1, 6).map(_duration))


@cache
def _sends() -> st.SearchStrategy[str]:
    return _weighted("send X", "send X", 'send "X"', "send B", 'send one of 50% X, 30% B, 20% "A"')


@cache
def _policies() -> st.SearchStrategy[str]:
    clauses = st.one_of(
        _quotas().map("limit {}".format),
        st.builds("limit {} to {}".format, _weighted("push", "email"), _quotas()),
        st.sampled_from(ZONES).map('time zone "{}"'.format),
        _windows(" to ").map("quiet {}".format),
    )
    return st.lists(clauses, min_size=1, max_size=3, unique_by=_slot).map(" ".join)


def _slot(clause: str) -> str:
    """Limits may stand beside each other, the rest only once."""
    return clause if clause.startswith("limit") else clause.split(maxsplit=1)[0]
