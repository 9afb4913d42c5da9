"""The command: `python -m tests.benchmarks.cluster [--scale X] [--only NAME…] [--json FILE] [--write-docs]`.

All contenders read the same files, each in a process of its own with nothing beside it, and have to decide the same:
else it ends with 1. Starting is told apart: each runs a short log and a long one, twice, in the same Java. The speed is
that of what the long log, at best, has more than the short one the second time; what the first run took beyond that is
the start. On a busy machine the difference of two times may come out as nothing: the table then has a dash.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.cluster.contenders import RACES, Pace, race
from tests.benchmarks.cluster.sizes import Size, sizes
from tests.benchmarks.cluster.tables import (
    BEGIN,
    END,
    PAPER_BEGIN,
    PAPER_END,
    as_json,
    as_markdown,
    as_row,
    as_text,
    paper_as_markdown,
)
from tests.benchmarks.table import write_into

PAGE = Path(__file__).parents[3] / "docs" / "cluster.md"
_SIZES = "sizes"


def main() -> int:
    """Measure, and print."""
    arguments = parsed()
    paces: list[Pace] = []
    held: list[Size] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for each in RACES:
            if not arguments.only or each.name in arguments.only:
                print(f"{each.name} … ({time.monotonic() - started:.0f} s)", file=sys.stderr)
                paces.append(race(each, Path(folder), arguments.scale))
                print(" ".join(as_row(paces[-1])), file=sys.stderr)
        if not arguments.only or _SIZES in arguments.only:
            print(f"{_SIZES} … ({time.monotonic() - started:.0f} s)", file=sys.stderr)
            held = sizes(Path(folder), arguments.scale)
    print(f"{time.monotonic() - started:.0f} s in all", file=sys.stderr)
    print(as_text(paces, held))
    if arguments.json:
        arguments.json.write_text(json.dumps(as_json(paces, held), indent=2) + "\n", encoding="utf-8")
    if arguments.write_docs:
        write_into(PAGE, as_markdown(paces, held), BEGIN, END)
        write_into(PAGE, paper_as_markdown(paces, held), PAPER_BEGIN, PAPER_END)
    return 0 if all(pace.same for pace in paces) else 1


def parsed() -> argparse.Namespace:
    """The arguments of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cluster", description="Measure the job on Flink.")
    parser.add_argument("--scale", type=float, default=1.0, help="of the volumes, 1 being those of the page")
    names = [each.name for each in RACES]
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=[*names, _SIZES], help="only these")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/cluster.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
