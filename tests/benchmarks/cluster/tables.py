"""The figures as tables, for people, as Markdown for the page, and as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from tests.benchmarks.cluster.contenders import Pace
from tests.benchmarks.cluster.paper import plan_on_paper
from tests.benchmarks.cluster.sizes import Size
from tests.benchmarks.table import machine

BEGIN: Final = "<!-- written by `make bench-flink`: begin -->"
END: Final = "<!-- written by `make bench-flink`: end -->"
PAPER_BEGIN: Final = "<!-- the plan on paper, written by `make bench-flink`: begin -->"
PAPER_END: Final = "<!-- the plan on paper, written by `make bench-flink`: end -->"
_PACES: Final = ("contender", "parallelism", "relevant", "events a second", "CPU an event", "start", "decides the same")
_STEPS: Final = ("step", "arithmetic", "result")
_SIZES: Final = ("a user who waits", "bytes", "all of them")


def as_text(paces: Sequence[Pace], sizes: Sequence[Size]) -> str:
    """For a terminal."""
    tables = [_aligned([_PACES, *map(as_row, paces)])] if paces else []
    tables += [_aligned([_SIZES, *map(_size, sizes)])] if sizes else []
    steps = plan_on_paper(paces, sizes)
    tables += [_aligned([_STEPS, *steps])] if steps else []
    return "\n\n".join([_setting(), *tables])


def as_markdown(paces: Sequence[Pace], sizes: Sequence[Size]) -> str:
    """For the page, with machine and date."""
    tables = [_marked(_PACES, list(map(as_row, paces))), _marked(_SIZES, list(map(_size, sizes)))]
    return "\n\n".join([f"{_setting()}; {datetime.now(tz=UTC).date()}.", *tables])


def paper_as_markdown(paces: Sequence[Pace], sizes: Sequence[Size]) -> str:
    """The plan on paper, for the page."""
    return _marked(_STEPS, plan_on_paper(paces, sizes))


def as_json(paces: Sequence[Pace], sizes: Sequence[Size]) -> dict[str, object]:
    """For a program; seconds and bytes."""
    return {
        "machine": _setting(),
        "paces": [{"name": pace.race.name, **pace.race._asdict(), **pace._asdict(), "race": None} for pace in paces],
        "sizes": [size._asdict() for size in sizes],
    }


def _setting() -> str:
    return f"{machine()}; Flink {version('apache-flink')}"


def as_row(pace: Pace) -> tuple[str, ...]:
    """The cells of a contender."""
    race = pace.race
    return (
        race.title,
        str(race.parallelism),
        f"{race.relevant:.0%}",
        f"{float(f'{1 / pace.clock:.2g}'):,.0f}" if pace.clock > 0 else "–",
        f"{pace.cpu * 1e6:,.1f} µs" if pace.cpu > 0 else "–",
        f"{pace.start:.1f} s",
        "yes" if pace.same else "NO",
    )


def _size(size: Size) -> tuple[str, ...]:
    whole = "" if size.all is None else f"{size.all / 1e6:,.1f} MB of {size.users:,}"
    return size.title, f"{size.each:,.0f}", whole


def _marked(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows))


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
