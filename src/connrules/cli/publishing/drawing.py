"""The order of publishing as a drawing: an arrow leads from each follow-on to the sources that it comes before."""

from collections.abc import Iterator

from connrules.check.publishing import Key, Publication, Standing
from connrules.check.publishing.order import source_key, target_key
from connrules.cli.drawings.drawing import Arrow, Drawing, Group, Mark, Node, Shape
from connrules.cli.publishing.shown import Publishing
from connrules.duration import day
from connrules.vocabulary import ObjectKind

_TITLES = {Standing.LIVE: "Live already", Standing.OVER: "Over"}


def plan_drawing(publishing: Publishing) -> Drawing:
    """Steps as groups, what is live and what is over as two more; what is wrong is marked."""
    order = publishing.order
    ids = {key: f"n{number}" for number, key in enumerate(order.publications, 1)}
    groups = [(f"Step {number}", step) for number, step in enumerate(order.steps, 1)]
    groups += [(title, order.standing(standing)) for standing, title in _TITLES.items()]
    drawn = tuple(Group(title, tuple(_node(p, ids[p.key]) for p in members)) for title, members in groups if members)
    return Drawing((), tuple(_arrows(publishing, ids)), drawn)


def _node(publication: Publication, id_: str) -> Node:
    is_card = publication.key[0] is ObjectKind.CARD
    mark = Mark.WRONG if publication.cycle else Mark.PLAIN if publication.step else Mark.FAINT
    return Node(id_, (publication.entry.name, _date(publication)), Shape.CARD if is_card else Shape.CAMPAIGN, mark)


def _date(publication: Publication) -> str:
    at = publication.published_at
    if at is None:
        return "no date yet" if publication.step else publication.standing.value
    return f"{'since' if publication.standing is Standing.LIVE else 'on'} {day(at)}"


def _arrows(publishing: Publishing, ids: dict[Key, str]) -> Iterator[Arrow]:
    """One arrow for a source and a follow-on, however many rules join them."""
    wrong = {(source_key(loss.pair), target_key(loss.pair)) for loss in publishing.losses}
    rules: dict[tuple[Key, Key], list[str]] = {}
    for pair in publishing.pairs:
        if not pair.is_to_itself:
            names = rules.setdefault((source_key(pair), target_key(pair)), [])
            names.extend([pair.rule.name] if pair.rule.name not in names else [])
    for (source, target), names in rules.items():
        cycles = {publishing.order.publications[key].cycle for key in (source, target)}
        is_wrong = (source, target) in wrong or (len(cycles) == 1 and 0 not in cycles)
        yield Arrow(ids[target], ids[source], ", ".join(names), Mark.WRONG if is_wrong else Mark.PLAIN)
