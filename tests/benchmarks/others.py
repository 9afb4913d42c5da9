"""Measures against other tools that match events, over decoded events: ours in batches, theirs as they take them.

They are slower, so they get fewer events; both sides of a ratio get the same.
"""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import NamedTuple

from connrules import Engine, Event
from tests.benchmarks import logs, rules
from tests.benchmarks.contenders import Decision
from tests.benchmarks.decoded import decisions, feed, feeding, in_batches
from tests.benchmarks.measure import Figure, Goal, Job, Measure, Setting, agree, at_least
from tests.benchmarks.rounds import faster, in_turn

Decide = Callable[[Sequence[Sequence[Event]]], list[Decision]]


class Tool(NamedTuple):
    """Another tool, the package it is, the module that uses it, and how many events it is given."""

    name: str
    package: str
    module: str
    events: int
    goal: Goal


TOOLS = (
    Tool("bytewax", "bytewax", "with_bytewax", 150_000, at_least(4)),
    Tool("durable_rules", "durable", "with_durable_rules", 20_000, at_least(50)),
    Tool("rule-engine", "rule_engine", "with_rule_engine", 50_000, at_least(50)),
)


def measure_of(tool: Tool, percent: int) -> Measure:
    """The row of a tool."""
    return Measure(f"{tool.name}-{percent}", f"engine against {tool.name}, {percent} % of events match", goal=tool.goal)


def against(tool: Tool, percent: int, setting: Setting) -> dict[str, Figure]:
    """The engine and the tool over the same events; without a value where the tool is not there."""
    name = measure_of(tool, percent).name
    try:
        decide: Decide = import_module(f"tests.benchmarks.contenders.{tool.module}").decide
    except ImportError as error:
        return {name: Figure(None, f"not installed here: {error}")}
    count = setting.events(tool.events)
    batches = in_batches(logs.events(logs.Log(count, max(1, count // 10), percent / 100)))
    plan = rules.plan_of(rules.CART_REMINDER)
    agree({"the engine": decisions(feed(Engine(plan), batches)), tool.name: decide(batches)})
    times = in_turn({"engine": feeding(plan, batches, setting), "tool": lambda: decide(batches)}, setting.rounds)
    return {name: faster(times["engine"], times["tool"], f"{count:,} events", events=count)}


JOBS = tuple(
    Job(measure_of(tool, percent).name, (measure_of(tool, percent),), partial(against, tool, percent))
    for tool in TOOLS
    for percent in (5, 100)
)
