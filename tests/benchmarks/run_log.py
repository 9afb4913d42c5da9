"""How long `connrules run` takes over a whole log, against decoding the same file with `json.loads` line by line.

    python tests/benchmarks/run_log.py [--rounds N] [--json]

Both are whole processes, started in turn, so that a machine that is busy with other things slows both. Figures are the
median ratio of a round's two times, and say on which rules. The log is the public one that examples/starbucks converts,
where it is on this machine, else one of the same size that is made from a seed; the table says which.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).parents[2]
EXAMPLE = CHECKOUT / "examples" / "starbucks"
LOG = Path(os.environ.get("CONNRULES_LOGS", CHECKOUT.parent / "shared" / "data")) / "starbucks"
GOAL = 3.0
START_GOAL_MS = 120

DELAYS = """
rule day: on received_push of any after 24h unless opened_push or purchase send "Offer Reminder"
rule three_days: on received_push of any or received_email of any after 72h
  unless converted or purchase where amount >= 20 send "Come Back"
rule week: on received_email of any after 168h unless opened_email send "Second Subject"
"""
DECODE = "import json, sys\nwith open(sys.argv[1], 'rb') as lines:\n    for line in lines:\n        json.loads(line)\n"


class Measure(NamedTuple):
    """Seconds of each round, ours and json's, for one rule set."""

    name: str
    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Time `connrules run` against json.loads over the same log.")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is run (default: 5)")
    parser.add_argument("--json", action="store_true", help="print JSON in place of the table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = prepare(folder)
        example = (EXAMPLE / "rules.conn").read_text(encoding="utf-8")
        rule_sets = {"three rules: 24h, 72h, 168h": DELAYS, "seven rules: the example's": example}
        measures = [measure(title, rules, folder, arguments.rounds) for title, rules in rule_sets.items()]
        events = sum(1 for _ in (folder / "events.jsonl").open("rb"))
    starts = [seconds_of([sys.executable, "-m", "connrules", "--version"]) for _ in range(max(5, arguments.rounds))]
    report(measures, starts, f"{log}, {events:,} events", as_json=arguments.json)


def prepare(folder: Path) -> str:
    """Put a log and its catalog into a folder; say which log it is."""
    if LOG.is_dir():
        subprocess.run([sys.executable, EXAMPLE / "convert.py", LOG, folder], check=True, capture_output=True)
        return "the public log of examples/starbucks"
    make_log(folder)
    return "a log made from a seed (the public one is not on this machine)"


def make_log(folder: Path, events: int = 306_534, users: int = 17_000) -> None:
    """A log of offers, views and purchases on a grid of six hours, as in the public one, but made up."""
    chance = random.Random(1)  # a benchmark wants the same draws each time
    offers = ["bogo-10-10-7d", "bogo-5-5-7d", "discount-7-3-7d", "informational-0-0-4d", "discount-20-5-10d"]
    names = [*offers, "informational-0-0-3d", "Offer Reminder", "Come Back", "Last Chance", "Second Subject"]
    names += ["Come and See", "Thank You", "One More"]
    campaigns = [{"name": n, "channels": ["push", "email"], "conversion_events": ["purchase"]} for n in names]
    (folder / "catalog.json").write_text(json.dumps({"campaigns": campaigns}), encoding="utf-8")
    times = sorted(chance.randrange(120) * 21_600_000 for _ in range(events))
    with (folder / "events.jsonl").open("w", encoding="utf-8") as out:
        for number, instant in enumerate(times):
            event: dict[str, object] = {"id": f"e{number}", "user": f"{chance.randrange(users):032x}"}
            kind = chance.choices(["received_push", "opened_push", "converted", "purchase"], [25, 19, 11, 45])[0]
            event |= {"type": kind, "time": 1_532_649_600_000 + instant}
            if kind == "purchase":
                event["properties"] = {"amount": round(chance.expovariate(1 / 13), 2)}
            else:
                event["campaign"] = chance.choice(offers)
            out.write(json.dumps(event, separators=(",", ":")) + "\n")


def measure(title: str, rules: str, folder: Path, rounds: int) -> Measure:
    """Run both in turn."""
    path = folder / "rules.conn"
    path.write_text(rules, encoding="utf-8")
    ours = [sys.executable, "-m", "connrules", "run", str(folder), "--quiet", "--output", str(folder / "out.jsonl")]
    theirs = [sys.executable, "-c", DECODE, str(folder / "events.jsonl")]
    times = [(seconds_of(ours), seconds_of(theirs)) for _ in range(rounds)]
    return Measure(title, [a for a, _ in times], [b for _, b in times])


def seconds_of(command: list[str]) -> float:
    """Wall-clock seconds of a whole process."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def report(measures: list[Measure], starts: list[float], log: str, *, as_json: bool) -> None:
    """Print the figures with their goals."""
    start = statistics.median(starts) * 1000
    if as_json:
        rows = [{"rules": m.name, "ours_s": m.ours, "json_s": m.theirs, "ratio": m.ratio} for m in measures]
        figures = {"log": log, "run": rows, "goal": GOAL, "version_ms": start, "version_goal_ms": START_GOAL_MS}
        print(json.dumps(figures, indent=2))
        return
    print(f"{log}; CPython {platform.python_version()}, {os.cpu_count()} cores\n")
    print(f"{'`connrules run` against `json.loads` line by line':<52}{'ours':>8}{'json':>8}{'ratio':>8}{'goal':>8}")
    for m in measures:
        ours, theirs = statistics.median(m.ours), statistics.median(m.theirs)
        print(f"{m.name:<52}{ours:>6.2f} s{theirs:>6.2f} s{m.ratio:>8.2f}{verdict(m.ratio, GOAL):>8}")
    print(f"\n{'`connrules --version`, start to end':<52}{start:>5.0f} ms{verdict(start, START_GOAL_MS):>24}")


def verdict(value: float, goal: float) -> str:
    """Whether a goal is met."""
    return f"≤ {goal:g}" if value <= goal else f"> {goal:g}!"


if __name__ == "__main__":
    main()
