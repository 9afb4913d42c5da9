"""The command: `python -m tests.benchmarks [--rounds N] [--only NAME…] [--scale X] [--json FILE] [--write-docs]`.

Each job runs in a process of its own, one after the other, so that what one leaves behind slows no other. Progress is
told on standard error, the table on standard output. Ends with 1 where contenders do not decide the same.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.benchmarks.jobs import JOBS, MEASURES, take
from tests.benchmarks.measure import Figure, Job, Setting
from tests.benchmarks.table import as_json, as_markdown, as_text, write_into

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def main() -> int:
    """Measure, and print."""
    arguments = parsed()
    jobs = [job for job in JOBS if not arguments.only or job.name in arguments.only]
    figures: dict[str, Figure] = {}
    failed = 0
    started = time.monotonic()
    for number, job in enumerate(jobs, 1):
        begun = time.monotonic()
        print(f"[{number}/{len(jobs)}] {job.name} …", end="", file=sys.stderr, flush=True)
        try:
            figures |= measured(job, arguments.rounds, arguments.scale)
        except Exception as error:  # whatever goes wrong with one job, the others have their say
            failed += 1
            figures |= {
                measure.name: Figure(None, f"failed: {' '.join(str(error).split())}") for measure in job.measures
            }
        print(f" {time.monotonic() - begun:.0f} s", file=sys.stderr)
    print(f"{time.monotonic() - started:.0f} s in all", file=sys.stderr)
    setting = Setting(arguments.rounds, arguments.scale, Path())
    print(as_text(MEASURES, figures))
    if arguments.json:
        arguments.json.write_text(as_json(MEASURES, figures, setting) + "\n", encoding="utf-8")
    if arguments.write_docs:
        write_into(PAGE, as_markdown(MEASURES, figures, setting))
    return 1 if failed else 0


def measured(job: Job, rounds: int, scale: float) -> dict[str, Figure]:
    """The figures of a job, from a new process and with a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(take, job.name, Setting(rounds, scale, Path(folder))).result()


def parsed() -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure what connrules costs.")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contender runs (default: 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the volumes, 1 being those of the page")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[job.name for job in JOBS], help="only these jobs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/performance.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
