"""A checked rule set to a plan: names resolved, durations as numbers, no syntax left.

Only compiles; whether a rule set may run was decided by the checker.
"""

from typing import assert_never

from connrules import ast, plan
from connrules.catalog import Catalog, Entry, nfc
from connrules.check import Checked, CheckedRule
from connrules.diagnostic import Diagnostic
from connrules.duration import parse_instant
from connrules.syntax.formatter import format_pattern
from connrules.vocabulary import CUSTOM_EVENT, OBJECT_KIND


class CompileError(ValueError):
    """A rule set with errors cannot be compiled; `errors` says what they are."""

    def __init__(self, errors: tuple[Diagnostic, ...]) -> None:
        self.errors = errors
        first = errors[0]
        position = first.source.position(first.span.start)
        place = f"{first.source.path}:{position.line}:{position.column}"
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{place}: {first.code} {first.message}{more}")

    def __reduce__(self) -> tuple[type["CompileError"], tuple[tuple[Diagnostic, ...]]]:
        return type(self), (self.errors,)  # an exception is made anew from its message otherwise


def compile_rules(checked: Checked) -> plan.Plan:
    """The plan of a rule set. Raises CompileError where the checker found errors."""
    if checked.errors:
        raise CompileError(checked.errors)
    rules = tuple(_RuleCompiler(checked.catalog, rule).compile() for rule in checked.rules)
    return plan.Plan(rules=rules, objects=_objects(checked.catalog), events=_events(checked.catalog))


def _objects(catalog: Catalog | None) -> tuple[plan.Object, ...] | None:
    if catalog is None:
        return None
    campaigns = (_object("campaign", entry) for entry in catalog.campaigns)
    cards = (_object("card", entry) for entry in catalog.cards)
    return (*campaigns, *cards)


def _object(kind: plan.ObjectKind, entry: Entry) -> plan.Object:
    return plan.Object(kind=kind, name=entry.name, id=entry.id, active=entry.intervals)


def _events(catalog: Catalog | None) -> tuple[str, ...] | None:
    if catalog is None or catalog.events is None:
        return None
    return tuple(event.name for event in catalog.events)


class _RuleCompiler:
    """Compiles one rule."""

    def __init__(self, catalog: Catalog | None, rule: CheckedRule) -> None:
        self._catalog = catalog
        self._name = rule.name
        self._node = rule.node

    def compile(self) -> plan.Rule:
        node = self._node
        return plan.Rule(
            name=self._name,
            triggers=tuple(map(self._matcher, node.on.patterns)),
            send=node.send.target.text,
            delay=node.after.delay.ms if node.after else 0,
            restarting=node.after is not None and node.after.restarting,
            exceptions=tuple(map(self._matcher, node.unless.patterns)) if node.unless else (),
            live_from=node.from_.time.ms if node.from_ else None,
            live_until=node.until.time.ms if node.until else None,
            eligibility=_eligibility(node.eligibility),
        )

    def _matcher(self, pattern: ast.Pattern) -> plan.Matcher:
        text = format_pattern(pattern)
        match pattern:
            case ast.CustomEvent(name, where):
                condition = self._where(where, times=self._time_properties(name.text))
                return plan.Matcher(text=text, type=CUSTOM_EVENT, objects=(name.text,), where=condition)
            case ast.EventPattern(word, of, where):
                condition = self._where(where, times=frozenset())
                match of:
                    case ast.Objects(names):
                        objects = tuple(n.text for n in names)
                        return plan.Matcher(text=text, type=word.text, objects=objects, where=condition)
                    case ast.AnyObject():
                        return plan.Matcher(text=text, type=word.text, scope="any", where=condition)
                    case None if OBJECT_KIND[word.text] is None:
                        return plan.Matcher(text=text, type=word.text, where=condition)
                    case None:
                        return plan.Matcher(text=text, type=word.text, scope="implied", where=condition)
                    case _:
                        assert_never(of)
            case _:
                assert_never(pattern)

    def _time_properties(self, event: str) -> frozenset[str]:
        entry = self._catalog.event(event) if self._catalog else None
        properties = entry.properties if entry else {}
        return frozenset(name for name, type_ in properties.items() if type_ == "time")

    def _where(self, where: ast.Condition | None, times: frozenset[str]) -> plan.Condition | None:
        return None if where is None else _condition(where, times)


def _eligibility(clause: ast.Once | ast.AtMost | None) -> plan.Eligibility | None:
    match clause:
        case None:
            return None
        case ast.Once():
            return plan.Eligibility(count=1)
        case ast.AtMost(count, window):
            return plan.Eligibility(count=count, window=window.ms)
        case _:
            assert_never(clause)


def _condition(condition: ast.Condition, times: frozenset[str]) -> plan.Condition:
    match condition:
        case ast.Compare(path, operator, operand):
            instant = _is_instant(path, times)
            return plan.Compare(path.segments, operator, _operand(operand, instant=instant), instant)
        case ast.OneOf(path, operands):
            instant = _is_instant(path, times)
            return plan.OneOf(path.segments, tuple(_operand(o, instant=instant) for o in operands), instant)
        case ast.Contains(path, operand):
            return plan.Contains(path.segments, _operand(operand))
        case ast.StartsWith(path, operand):
            return plan.StartsWith(path.segments, _operand(operand))
        case ast.IsMissing(path):
            return plan.IsMissing(path.segments)
        case ast.IsPresent(path):
            return plan.Negation(plan.IsMissing(path.segments))
        case ast.Negation(term):
            return plan.Negation(_condition(term, times))
        case ast.AllOf(terms):
            return plan.AllOf(tuple(_condition(term, times) for term in terms))
        case ast.AnyOf(terms):
            return plan.AnyOf(tuple(_condition(term, times) for term in terms))
        case _:
            assert_never(condition)


def _is_instant(path: ast.Path, times: frozenset[str]) -> bool:
    return len(path.segments) == 1 and path.segments[0] in times


def _operand(operand: ast.Operand, *, instant: bool = False) -> plan.Operand:
    match operand:
        case ast.TriggerProperty(path):
            return plan.FromTrigger(path.segments)
        case ast.Instant(ms):
            return plan.Value(ms, instant=True)
        case ast.Text(value) if instant:
            return _instant_value(value)
        case ast.Text(value) | ast.Number(value) | ast.Boolean(value):
            return plan.Value(value)
        case _:
            assert_never(operand)


def _instant_value(text: str) -> plan.Value:
    """A text as the instant it names; one that names none stays a text and equals no instant."""
    try:
        return plan.Value(parse_instant(nfc(text)), instant=True)
    except ValueError:
        return plan.Value(text)
