"""Measures over the text of large rule sets: parsing, checking, compiling."""

from collections.abc import Callable
from functools import partial
from statistics import median

from lark import Lark

from connrules import Settings, compile_rules, loads
from connrules.duration import parse_instant
from connrules.lint import lint
from connrules.syntax.grammar import grammar_text
from connrules.syntax.parser import parse
from connrules.text import SourceText
from tests.benchmarks.kinds import KINDS, Kind, catalog
from tests.benchmarks.measure import DisagreementError, Figure, Job, Measure, Setting, at_most, ratio
from tests.benchmarks.rounds import dearer, in_turn, seconds, timed

RULES = 10_000
CHECKED = 5_000
SETTINGS = Settings(as_of=parse_instant("2026-03-15"))
PARSE = Measure("parse", "parse and build 10,000 rules against Lark's bare LALR tree", goal=at_most(1.3))
COMPILE = Measure("compile", "compile 10,000 checked rules", "s", at_most(1.0, "s"))


def check_measures(kind: Kind) -> tuple[Measure, Measure]:
    """Checking against parsing, and what twice the rules cost."""
    return (
        Measure(f"check-{kind.name}", f"check 5,000 rules against parsing them: {kind.title}", goal=at_most(4)),
        Measure(f"doubling-{kind.name}", f"check 5,000 rules against 2,500: {kind.title}", goal=at_most(2.5)),
    )


def parsing(setting: Setting) -> dict[str, Figure]:
    """Both from the same text; Lark with its lexer that is faster over a tenth of it, its tables made before."""
    count = setting.rules(RULES)
    text, part = KINDS[0].text(count), KINDS[0].text(count // 10)
    lark = {lexer: Lark(grammar_text(), parser="lalr", lexer=lexer, start="file") for lexer in ("basic", "contextual")}
    trials = in_turn({name: partial(parser.parse, part) for name, parser in lark.items()}, setting.rounds)
    best = min(lark, key=lambda name: median(trials[name].cpu or [0]))
    declarations = len(parse(SourceText("rules.conn", part)).file.declarations)
    if not declarations == count // 10 == len(lark[best].parse(part).children):
        raise DisagreementError("Lark and the parser read another number of rules")
    contenders: dict[str, Callable[[], object]] = {
        "connrules": lambda: parse(SourceText("rules.conn", text)),
        "lark": partial(lark[best].parse, text),
    }
    times = in_turn(contenders, min(setting.rounds, 2))  # Lark takes long
    return {PARSE.name: dearer(times["connrules"], times["lark"], f"{count:,} rules; Lark's {best} lexer")}


def compiling(setting: Setting) -> dict[str, Figure]:
    """CPU seconds from the checked rule set to the plan."""
    count = setting.rules(RULES)
    checked = loads(KINDS[0].text(count), catalog=catalog(count))
    if len(compile_rules(checked).rules) != count:
        raise DisagreementError("the plan has another number of rules")
    times = in_turn({"connrules": lambda: compile_rules(checked)}, setting.rounds)["connrules"].cpu
    if not times:
        return {COMPILE.name: Figure(None, "only the rules were counted")}
    value = median(times)
    return {COMPILE.name: Figure(value, f"{count:,} rules", {"connrules": seconds(value)}, {"connrules": times})}


def checking(kind: Kind, setting: Setting) -> dict[str, Figure]:
    """All that `connrules check` does between reading and writing, on all rules and on half of them."""
    against_parsing, doubling = check_measures(kind)
    whole, half = setting.rules(CHECKED), setting.rules(CHECKED // 2)
    rounds = min(setting.rounds, 1)  # they take long, and differ little
    took = {count: _parse_and_check(kind, count, rounds) for count in (half, whole)}
    if not rounds:
        return {m.name: Figure(None, "only the findings were counted") for m in (against_parsing, doubling)}
    parse_times, check_times = took[whole]
    return {
        against_parsing.name: _figure(check_times, parse_times, f"{whole:,} rules"),
        doubling.name: _figure(check_times, took[half][1], f"{whole:,} and {half:,} rules"),
    }


def _parse_and_check(kind: Kind, count: int, rounds: int) -> tuple[list[float], list[float]]:
    source, world = SourceText("rules.conn", kind.text(count)), catalog(count)
    parsed = parse(source)
    if not rounds and not lint([parsed], world, SETTINGS).checked.rules:
        raise DisagreementError("there is nothing that was checked")
    parse_times = [timed(lambda: parse(source))[0] for _ in range(rounds)]
    check_times = [timed(lambda: lint([parsed], world, SETTINGS))[0] for _ in range(rounds)]
    return parse_times, check_times


def _figure(above: list[float], below: list[float], note: str) -> Figure:
    sides = {"this": seconds(median(above)), "plain": seconds(median(below))}
    return Figure(ratio(above, below), note, sides, {"this": above, "plain": below})


JOBS = (
    Job("parse", (PARSE,), parsing),
    Job("compile", (COMPILE,), compiling),
    *(Job(f"check-{kind.name}", check_measures(kind), partial(checking, kind)) for kind in KINDS),
)
