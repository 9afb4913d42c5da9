"""What a worker loads to run rules: asked for on the worker itself."""

import sys

import pytest
from pyflink.common import Types
from tests.flink.cluster import GROUPS, Mode, environment, lines_of, stream_of

import connrules
from connrules.event import Event
from connrules.flink import evaluate

HEAVY = ("lark", "pydantic", "click", "connrules.syntax", "connrules.check", "connrules.catalog", "connrules.cli")


def loaded_with(line: str) -> str:
    """Which modules are loaded where a decision is made; empty: no decision was."""
    return " ".join(sorted(sys.modules)) if '"sent"' in line else ""


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_a_worker_loads_no_syntax_no_checker_and_no_command_line(mode: Mode) -> None:
    env = environment(mode=mode)
    plan = connrules.compile_rules(connrules.loads("rule r: on purchase send X"))
    lines = lines_of([Event(user="u", type="purchase", time=0)])
    decided = evaluate(stream_of(env, lines), plan, max_parallelism=GROUPS)

    with decided.decisions.map(loaded_with, Types.STRING()).execute_and_collect() as results:
        [loaded] = [result.split() for result in results]

    assert {"connrules.run.keyed", "connrules.flink.users"} <= {*loaded}
    assert [name for name in HEAVY if name in loaded] == []
    assert {"connrules.syntax", "connrules.check"} <= {*sys.modules}, "here, where rules were compiled, they are"
