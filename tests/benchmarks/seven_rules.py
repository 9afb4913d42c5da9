"""Measures over a whole log of offers and what came of them, against reading the same file with `json.loads`.

The log is the public one that examples/starbucks converts, where it is on this machine, else one of the same size that
is made from a seed; the note says which.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.benchmarks.measure import Figure, Job, Measure, Setting, at_most
from tests.benchmarks.rounds import connrules, dearer, output_of, processes_in_turn

CHECKOUT: Final = Path(__file__).parents[2]
EXAMPLE: Final = CHECKOUT / "examples" / "starbucks"
LOG: Final = Path(os.environ.get("CONNRULES_LOGS", CHECKOUT.parent / "shared" / "data")) / "starbucks"
EVENTS: Final = 306_534

MEASURES = (
    Measure("log-delays", "`connrules run`, three rules, against `json.loads` line by line", goal=at_most(3)),
    Measure("log-example", "`connrules run`, seven rules, against `json.loads` line by line", goal=at_most(3)),
)
DELAYS = """
rule day: on received_push of any after 24h unless opened_push or purchase send "Offer Reminder"
rule three_days: on received_push of any or received_email of any after 72h
  unless converted or purchase where amount >= 20 send "Come Back"
rule week: on received_email of any after 168h unless opened_email send "Second Subject"
"""
DECODE = "import json, sys\nwith open(sys.argv[1], 'rb') as lines:\n    for line in lines:\n        json.loads(line)\n"


def against_json(setting: Setting) -> dict[str, Figure]:
    """Whole processes, by the clock."""
    note = prepare(setting)
    example = (EXAMPLE / "rules.conn").read_text(encoding="utf-8")
    commands: dict[str, list[str | Path]] = {}
    for measure, text in zip(MEASURES, (DELAYS, example), strict=True):
        path = setting.folder / f"{measure.name}.conn"
        path.write_text(text, encoding="utf-8")
        commands[measure.name] = connrules(
            *(
                "run",
                path,
                "--catalog",
                next(setting.folder.glob("catalog.*")),
                "--events",
                setting.folder / "events.jsonl",
            ),
            *("--output", setting.folder / "out.jsonl", "--quiet"),
        )
        output_of(commands[measure.name])
    commands["json"] = [sys.executable, "-c", DECODE, setting.folder / "events.jsonl"]
    times = processes_in_turn(commands, min(setting.rounds, 2))  # they differ little
    return {m.name: dearer(times[m.name], times["json"], note, by="wall") for m in MEASURES}


def prepare(setting: Setting) -> str:
    """Put a log and its catalog into the folder; say which log it is."""
    if LOG.is_dir() and setting.scale >= 1:
        convert: list[str | Path] = [sys.executable, EXAMPLE / "convert.py", LOG, setting.folder]
        subprocess.run(convert, check=True, capture_output=True)
        return "the public log of examples/starbucks, by the clock"
    make_log(setting.folder, setting.events(EVENTS))
    return "a log made from a seed, by the clock"


def make_log(folder: Path, events: int, users: int = 17_000) -> None:
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


JOBS = (Job("log", MEASURES, against_json),)
