"""Runs the tests of a rule set: each in virtual time, on the engine that runs in production."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from connrules import ast
from connrules.check import Checked, CheckedTest
from connrules.compile import compile_rules
from connrules.event import Event
from connrules.testing.bound import BoundTest, ImpossibleError, Values, bind, runs_of
from connrules.testing.coverage import Coverage
from connrules.testing.horizon import end_of
from connrules.testing.judge import Expectation, Verdict, expectations_of, judge
from connrules.testing.near_miss import NearMisses
from connrules.testing.overlay import overlaid
from connrules.testing.play import Play, Player, events_of
from connrules.testing.reached import Reached
from connrules.testing.report import Failure, Report, Result
from connrules.testing.start import start_of
from connrules.testing.timeline import timeline
from connrules.testing.words import broken_words, expectation_words, sends_words
from connrules.text import nfc


@dataclass(frozen=True, slots=True)
class Scene:
    """All that a run of a test needs: the rule set with the dates of the test, events, and until when to go on."""

    checked: Checked
    start: int
    events: tuple[Event, ...]
    expectations: tuple[Expectation, ...]
    end: int


def run_tests(checked: Checked, *, select: str = "", coverage: bool = False) -> Report:
    """Run the tests of a rule set, or those whose name contains `select`, in any case of letters.

    With `coverage`, the report says what the tests reached of each rule. Raises CompileError where the rule set has
    errors.
    """
    runner = _Runner(checked, coverage=coverage)
    results = tuple(runner.run(test, name, values) for test, name, values in selected(checked, select))
    return Report(results, runner.coverage)


def selected(checked: Checked, select: str = "") -> Iterator[tuple[CheckedTest, str, Values]]:
    """The runs of the tests of a rule set: the test, the name of the run, and what its variables stand for."""
    wanted = nfc(select).casefold()
    for test in checked.tests:
        yield from ((test, name, values) for name, values in runs_of(test) if wanted in name.casefold())


def stage(checked: Checked, test: BoundTest) -> Scene:
    """Set up a run. Raises ImpossibleError where the test cannot be run."""
    start = start_of(checked, test)
    world = overlaid(checked, test, start)
    events = events_of(test.happenings, start)
    expectations = expectations_of(test, start)
    return Scene(world, start, events, expectations, end_of(world, start, events, expectations))


class _Runner:
    """Runs tests one after the other."""

    def __init__(self, checked: Checked, *, coverage: bool) -> None:
        self._checked = checked
        self._player = Player(compile_rules(checked))
        self._reached = Reached(checked) if coverage else None

    @property
    def coverage(self) -> Coverage:
        """What the tests have reached so far."""
        return self._reached.coverage if self._reached else Coverage()

    def run(self, test: CheckedTest, name: str, values: Values) -> Result:
        """One run of a test."""
        try:
            bound = bind(test, name, values)
            scene = stage(self._checked, bound)
        except ImpossibleError as error:
            return Result(test, name, failures=(Failure(test.source, error.span, str(error), help=error.help),))
        player = self._player if scene.checked is self._checked else Player(compile_rules(scene.checked))
        played = player.play(scene.events, scene.end)
        if self._reached:
            self._reached.see(played, player)
        return _result(bound, scene, played)


def _result(test: BoundTest, scene: Scene, played: Play) -> Result:
    verdict = judge(test, scene.expectations, played.outcomes)
    near = NearMisses(scene.checked.rules, played, verdict, scene.start)
    misses = [(expectation, near.of(expectation)) for expectation in verdict.unmet]
    return Result(
        test.test,
        test.name,
        scene.start,
        timeline(test, scene.start, played, verdict, misses),
        tuple(_failures(test, scene, played, verdict, misses)),
        zone=_zone(scene.checked.policy) if _by_clock(test, scene.checked, played) else None,
    )


def _failures(
    test: BoundTest, scene: Scene, played: Play, verdict: Verdict, misses: Sequence[tuple[Expectation, str]]
) -> Iterator[Failure]:
    source = test.test.source
    for expectation, why in misses:
        words = expectation_words(expectation.node)
        yield Failure(source, expectation.node.span, f"expected, but did not happen: {words}", why)
    for broken in verdict.broken:
        yield Failure(source, broken.node.span, "expected nothing", broken_words(broken, scene.start))
    told = verdict.broken or any(expectation.node.fate == "sent" for expectation, _ in misses)
    if verdict.unexpected and not told:
        sends = [played.outcomes[place] for place in verdict.unexpected]
        yield Failure(source, test.test.node.name.span, "sent, but not expected", sends_words(sends, scene.start))


def _zone(policy: ast.Policy) -> str:
    return policy.time_zone.name if policy.time_zone else "UTC"


def _by_clock(test: BoundTest, checked: Checked, played: Play) -> bool:
    """Whether the test names instants, or rules take part that go by clocks."""
    moments = [*(step.at for step in test.happenings), *(step.at for step in test.expectations)]
    rules = {outcome.rule for outcome in played.outcomes}
    return any(isinstance(moment, ast.Instant) for moment in moments) or any(
        rule.name in rules and (isinstance(rule.node.delay, ast.Schedule) or rule.node.between or checked.policy.quiet)
        for rule in checked.rules
    )
