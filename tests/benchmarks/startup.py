"""Measures of how long a command takes from start to end, by the clock."""

from pathlib import Path
from statistics import median

from tests.benchmarks.measure import Figure, Job, Measure, Setting, at_most
from tests.benchmarks.rounds import connrules, output_of, processes_in_turn, seconds

MEASURES = (
    Measure("version", "`connrules --version`", "ms", at_most(100, "ms")),
    Measure("check-file", "`connrules check` on one small file", "ms", at_most(350, "ms")),
    Measure("check-catalog", "`connrules check` on it with a small TOML catalog", "ms", at_most(350, "ms")),
)
RULE = 'rule cart_reminder:\n  on received_push of "Carts"\n  after 1d\n  unless purchase\n  send "Reminder"\n'
CATALOG = "".join(
    f'[[campaigns]]\nname = "{name}"\nchannels = ["push"]\npublished_at = 2026-03-01\n\n'
    for name in ("Carts", "Reminder")
)


def starting(setting: Setting) -> dict[str, Figure]:
    """Each several times, in turn."""
    rules, catalog = setting.folder / "rules.conn", setting.folder / "world.toml"
    rules.write_text(RULE, encoding="utf-8")
    catalog.write_text(CATALOG, encoding="utf-8")
    commands: dict[str, list[str | Path]] = {
        "version": connrules("--version"),
        "check-file": connrules("check", rules),
        "check-catalog": connrules("check", rules, "--catalog", catalog),
    }
    for command in commands.values():
        output_of(command)
    times = processes_in_turn(commands, 3 * setting.rounds)
    return {name: _figure([second * 1000 for second in taken.wall]) for name, taken in times.items()}


def _figure(taken: list[float]) -> Figure:
    if not taken:
        return Figure(None, "only run once")
    return Figure(median(taken), "by the clock", {"connrules": seconds(median(taken) / 1000)}, {"connrules": taken})


JOBS = (Job("start", MEASURES, starting),)
