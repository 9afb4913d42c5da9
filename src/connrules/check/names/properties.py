"""Properties of events, looked up in a catalog that lists those of its custom events.

An event whose properties the catalog does not list says nothing about them, and neither do purchases and interactions.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from connrules import ast
from connrules.catalog import PropertyType
from connrules.check.conditions.parts import properties_in, trigger_properties_in
from connrules.check.names.binding import Names
from connrules.check.patterns import patterns_of, where_of
from connrules.checked import CheckedRule
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Fix
from connrules.syntax.fixes import writing
from connrules.syntax.spelling import quoted, spell_path
from connrules.text import SourceText, closest
from connrules.vocabulary import CUSTOM_EVENT

Listed = Mapping[str, PropertyType]
"""The properties of an event with their types."""


class _Use(NamedTuple):
    """A property that is looked at, of the events of those names."""

    path: ast.Path
    events: Sequence[str]
    listed: Listed


def check_properties(rule: CheckedRule, names: Names) -> Iterator[Diagnostic]:
    """Properties that the catalog does not list, each once; attributes of users where an event is looked at."""
    mistaken = list(_mistaken_attributes(rule, names))
    yield from mistaken
    said = {found.span for found in mistaken}
    yield from _unlisted(rule.source, (use for use in _uses(rule.node, names) if use.path.span not in said))


def check_step_properties(source: SourceText, steps: Iterable[ast.Step], names: Names) -> Iterator[Diagnostic]:
    """Properties of a test's events that the catalog does not list, each once."""
    yield from _unlisted(source, (use for step in steps for use in _uses_of_step(step, names)))


def properties_listed(pattern: ast.Pattern, names: Names) -> Listed | None:
    """The properties of the events that a pattern matches; None where the catalog does not list them."""
    return names.properties.get(pattern.name.text) if isinstance(pattern, ast.CustomEvent) else None


def trigger_properties(rule: ast.Rule, names: Names) -> list[Listed] | None:
    """The properties of each trigger; None where the catalog does not list those of all."""
    listed = [properties_listed(pattern, names) for pattern in rule.on.patterns]
    known = [properties for properties in listed if properties is not None]
    return known if len(known) == len(listed) else None


def _uses(rule: ast.Rule, names: Names) -> Iterator[_Use]:
    for pattern in patterns_of(rule):
        listed = properties_listed(pattern, names)
        if isinstance(pattern, ast.CustomEvent) and listed is not None:
            yield from (_Use(path, (pattern.name.text,), listed) for path in properties_in(pattern.where))
    triggers = trigger_properties(rule, names)
    if triggers is not None:
        events = [pattern.name.text for pattern in rule.on.patterns if isinstance(pattern, ast.CustomEvent)]
        together = {name: type_ for listed in triggers for name, type_ in listed.items()}
        yield from (_Use(path, events, together) for path in _trigger_paths(rule))


def _trigger_paths(rule: ast.Rule) -> Iterator[ast.Path]:
    """The properties of the trigger event that exceptions and `per` look at."""
    for pattern in rule.unless.patterns if rule.unless else ():
        yield from (operand.path for operand in trigger_properties_in(where_of(pattern)))
    if rule.per is not None:
        yield rule.per.path


def _uses_of_step(step: ast.Step, names: Names) -> Iterator[_Use]:
    if isinstance(step, ast.Happening) and step.type.text == CUSTOM_EVENT and step.object is not None:
        listed = names.properties.get(step.object.text)
        if listed is not None:
            yield from (_Use(given.path, (step.object.text,), listed) for given in step.properties)


def _unlisted(source: SourceText, uses: Iterable[_Use]) -> Iterator[Diagnostic]:
    """One finding for each wrong name, of whichever events, where it stands first."""
    wrong: dict[tuple[tuple[str, ...], str], list[_Use]] = {}
    for use in uses:
        name = use.path.segments[0]
        if name not in use.listed:
            wrong.setdefault((tuple(use.events), name), []).append(use)
    yield from (_unknown(source, alike) for alike in wrong.values())


def _unknown(source: SourceText, alike: Sequence[_Use]) -> Diagnostic:
    path, events, listed = alike[0]
    name, near = path.segments[0], closest(path.segments[0], listed)
    called = " or ".join(f"`event {quoted(event)}`" for event in dict.fromkeys(events))
    message = f"the catalog lists no property `{name}` of {called}"
    label = f"it lists {', '.join(f'`{other}`' for other in list(listed)[:5])}{' …' if len(listed) > 5 else ''}"
    remedy, fix = "add it to the properties of the event in the catalog, or correct it", None
    if near is not None:
        remedy = f"did you mean `{_with_first(path, near)}`?"
        fix = _naming(source, [use.path for use in alike], near)
    return finding("CR215", source, path.span, message, label=label, help=remedy, fix=fix)


def _with_first(path: ast.Path, name: str) -> str:
    return spell_path(ast.Path((name, *path.segments[1:]), path.span))


def _naming(source: SourceText, paths: Iterable[ast.Path], near: str) -> Fix | None:
    """Another name in all places; None where a comment stands in one of them."""
    fixes = [writing(source, path.span, _with_first(path, near)) for path in paths]
    sound = [fix for fix in fixes if fix is not None]
    edits = tuple(edit for fix in sound for edit in fix.edits)
    return Fix(sound[0].title, edits, safe=False) if len(sound) == len(fixes) else None


def _mistaken_attributes(rule: CheckedRule, names: Names) -> Iterator[Diagnostic]:
    """`user.country` in a `where` or `per`: a property called `user`, where an attribute was probably meant."""
    for pattern in patterns_of(rule.node):
        for path in () if _has_user(pattern, names) else properties_in(where_of(pattern)):
            if _looks_like_attribute(path, names.attributes):
                remedy = f"to ask for the attribute, write a clause of its own: `if {'.'.join(path.segments)} …`"
                yield _mistaken(rule, path, "`where` looks at the event, `if` at the user", remedy)
    per, triggers = rule.node.per, rule.node.on.patterns
    if per and _looks_like_attribute(per.path, names.attributes) and not any(_has_user(t, names) for t in triggers):
        remedy = "name a property of the event, or delete the clause: every user has waits of their own as it is"
        yield _mistaken(rule, per.path, "`per` looks at the event, not at the user", remedy)


def _looks_like_attribute(path: ast.Path, known: frozenset[str]) -> bool:
    return path.segments[0] == "user" and path.segments[1:2] != () and path.segments[1] in known


def _has_user(pattern: ast.Pattern, names: Names) -> bool:
    return "user" in (properties_listed(pattern, names) or {})


def _mistaken(rule: CheckedRule, path: ast.Path, label: str, remedy: str) -> Diagnostic:
    message = (
        f"`{'.'.join(path.segments)}` is a property of the event here, "
        "and the catalog has a user attribute of that name"
    )
    return finding("CR215", rule.source, path.span, message, label=label, help=remedy)
