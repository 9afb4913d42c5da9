"""Random `test` blocks, as text. They parse; whether they pass is another matter."""

from functools import cache

from hypothesis import strategies as st
from tests.properties.rule_sets import rule_sets


@cache
def files() -> st.SearchStrategy[str]:
    """Rule sets with up to three tests behind them."""
    return st.builds(lambda rules, tests: "\n".join([rules, *tests]), rule_sets(), st.lists(blocks(), max_size=3))


@cache
def blocks() -> st.SearchStrategy[str]:
    """One test of up to eight steps."""
    steps = st.lists(_steps(), min_size=1, max_size=8).map(" ".join)
    return st.builds('test "{}": {}'.format, st.sampled_from(["a", "caf\u00e9 \\u{1F600}", 'say \\"x\\"']), steps)


@cache
def _steps() -> st.SearchStrategy[str]:
    properties = ["", ' where amount = 30 and cart.id = "c9"', " where `order-id` = wait", " where until_ = 2006-10-29"]
    events = st.sampled_from(["purchase", 'opened_push of "A"', "viewed_card of K", 'event "Joined"', "attributes"])
    return st.one_of(
        st.builds("{}at {} {}{}".format, _users(), _moments(), events, st.sampled_from(properties)),
        st.builds("expect {}{}{}".format, _users(), _fates(), _tails()),
        st.builds("expect {}nothing".format, _users()),
        st.sampled_from(
            ["start 2006-10-28", "start 2006-10-28T13:30:00Z", "each wait in 1h, 2h30m", 'each x in "a", 5']
        ),
        st.builds('active "X"{}{}'.format, _sometimes(" from {}"), _sometimes(" until {}")),
    )


@cache
def _users() -> st.SearchStrategy[str]:
    return st.sampled_from(["", "", 'user "u1" ', 'user "\u00fc 2" '])


@cache
def _moments() -> st.SearchStrategy[str]:
    return st.sampled_from(["0s", "2h", "1d12h", "2006-10-29", "2006-10-28T15:00:00Z", "wait"])


@cache
def _fates() -> st.SearchStrategy[str]:
    rules = st.builds(
        "{} {}".format,
        st.sampled_from(["cancelled", "dropped", "ignored", "pending", "restarted", "goal"]),
        st.sampled_from(["r0", "sent"]),
    )
    return st.sampled_from(['sent "X"', "sent X", "sent sent"]) | rules


@cache
def _tails() -> st.SearchStrategy[str]:
    tails = st.lists(st.sampled_from([" at 1d", " at wait", " by r0", " because limited"]), max_size=3, unique_by=_word)
    return tails.map("".join)


def _word(tail: str) -> str:
    return tail.split(maxsplit=1)[0]


def _sometimes(part: str) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), _moments().map(part.format))
