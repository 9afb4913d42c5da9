"""The two rule sets that are compared, each from a rule file, a folder of them, or a compiled plan."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from connrules.cli.exit import ShellError
from connrules.cli.inputs import load_rule_set
from connrules.cli.options import wants_color
from connrules.cli.render import counted, render_full
from connrules.cli.report import note, warn_of_undated_stops
from connrules.compile import compile_rules
from connrules.files import UnreadableError, read_bytes
from connrules.plan import Plan, PlanError
from connrules.run.comparing import Change, RuleChange, compare_plans, is_named
from connrules.run.program import Program

_COMPILED = ".json"


class RulesError(ShellError):
    """Rules have errors, which were shown."""


class Side(NamedTuple):
    """A rule set that is ready to run."""

    path: Path
    plan: Plan
    files: tuple[Path, ...]
    """Every file that was read."""


def load_sides(paths: Sequence[tuple[str, Path, Path | None]], color: str) -> tuple[Side, ...]:
    """Rule sets, each called so, in that path, with the catalog of its own that was named, if one was.

    Raises ShellError where one of them cannot be read, RulesError where some have errors: of all of them at once, by
    what they are called.
    """
    found = [_load(called, path, catalog, color) for called, path, catalog in paths]
    sides = tuple(side for side in found if side is not None)
    if len(sides) < len(found):
        named = " and ".join(called for (called, _, _), side in zip(paths, found, strict=True) if side is None)
        raise RulesError(f"rules with errors are not run: {named}", "`connrules check` says what to do")
    if without := [called for (called, *_), side in zip(paths, sides, strict=True) if side.plan.objects is None]:
        known = "every campaign and card that is named counts as known and always active"
        note(f"no catalog for {' and '.join(without)}: {known}")
    return sides


def edits_of(old: Side, new: Side) -> tuple[RuleChange, ...]:
    """What became of each rule. Two single files are the same file, however they are called."""
    if old.path.suffix == new.path.suffix == ".conn":
        plan, names = _in_file(old.plan, new.path.name)
        return tuple(edit if edit.was is None else _as_it_was(edit, names) for edit in compare_plans(plan, new.plan))
    return compare_plans(old.plan, new.plan)


def _as_it_was(edit: RuleChange, names: dict[str, str]) -> RuleChange:
    """An edit with the names that the old rules really have."""
    assert edit.was is not None
    was = names.get(edit.was, edit.was)
    return edit._replace(was=was, rule=was if edit.kind is Change.REMOVED else edit.rule)


def _in_file(plan: Plan, file: str) -> tuple[Plan, dict[str, str]]:
    """A plan of one file, as if that were called so, and the old names of the rules by their new ones."""
    names = {f"{file}:{rule.name.rpartition(':')[2]}": rule.name for rule in plan.rules if not is_named(rule.name)}
    called = {name: now for now, name in names.items()}
    rules = [msgspec.structs.replace(rule, name=called.get(rule.name, rule.name)) for rule in plan.rules]
    return msgspec.structs.replace(plan, rules=tuple(rules)), names


def _load(called: str, path: Path, catalog: Path | None, color: str) -> Side | None:
    """A rule set; None where it has errors, which are shown."""
    if path.suffix == _COMPILED:
        return Side(path, _read_plan(path), (path,))
    rule_set = load_rule_set((path,), catalog, as_of=None)
    checked = rule_set.checked
    if checked.errors:
        click.echo(render_full(checked.errors, color=wants_color(color, sys.stderr)), err=True)
        click.echo(f"{called} has {counted(len(checked.errors), 'error')}", err=True)
        return None
    if checked.catalog is not None:
        warn_of_undated_stops(checked.catalog)
    return Side(path, compile_rules(checked), rule_set.files)


def _read_plan(path: Path) -> Plan:
    try:
        plan = Plan.from_json(read_bytes(path))
        Program(plan)  # whether it can be run here
    except UnreadableError as error:
        raise ShellError(str(error), error.help) from None
    except PlanError as error:
        raise ShellError(
            f"{path}: {error}", "name a rule file, a folder, or a plan that `connrules compile` wrote"
        ) from None
    return plan
