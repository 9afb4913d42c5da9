"""The policy of a rule set: its limits and its quiet hours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from connrules import ast
from connrules.check.waits.durations import check_limit_durations
from connrules.check.waits.windows import check_quiet
from connrules.codes import finding
from connrules.diagnostic import Diagnostic, Related
from connrules.syntax.fixes import deleting, writing
from connrules.text import SourceText, closest
from connrules.vocabulary import CHANNELS

if TYPE_CHECKING:
    from connrules.catalog import Catalog


def check_policy(source: SourceText, policy: ast.Policy, catalog: Catalog | None) -> Iterator[Diagnostic]:
    """Limits of channels that there are not, or not in the catalog; limits that stand twice; quiet without an end."""
    for limit in policy.limits:
        if limit.channel and limit.channel.text not in CHANNELS:
            yield _unknown_channel(source, limit.channel)
        elif limit.channel:
            yield from _counts_nothing(source, limit.channel, catalog)
    yield from _duplicate_limits(source, policy.limits)
    yield from check_limit_durations(source, policy.limits)
    if policy.quiet:
        yield from check_quiet(source, policy.quiet)


def _counts_nothing(source: SourceText, channel: ast.Name, catalog: Catalog | None) -> Iterator[Diagnostic]:
    """Which channels a message goes over is known from the catalog alone."""
    if catalog is None:
        message = f"without a catalog, no message is known to go over `{channel.text}`"
        remedy = "give a catalog that lists the channels of its campaigns, or limit all messages: `limit 3 per 1d`"
    elif not any(channel.text in campaign.channels for campaign in catalog.campaigns):
        message = f"no campaign of the catalog has the channel `{channel.text}`"
        remedy = f'add it to the campaigns that have it: `channels = ["{channel.text}"]`, or delete the limit'
    else:
        return
    yield finding("CR511", source, channel.span, message, label="this limit counts nothing", help=remedy)


def _duplicate_limits(source: SourceText, limits: Sequence[ast.Limit]) -> Iterator[Diagnostic]:
    first: dict[ast.Limit, ast.Limit] = {}
    for limit in limits:
        same = first.setdefault(limit, limit)
        if same is not limit:
            label = f"the first one is on line {source.position(same.span.start).line}"
            message = "the same limit stands twice in the policy"
            fix = deleting(source, limit.span, title="delete the second one", safe=True)
            related = (Related(source, same.span, "the first one"),)
            remedy = "delete one of them"
            yield finding("CR305", source, limit.span, message, label=label, help=remedy, fix=fix, related=related)


def _unknown_channel(source: SourceText, name: ast.Name) -> Diagnostic:
    near = closest(name.text, CHANNELS)
    channels = ", ".join(f"`{channel}`" for channel in CHANNELS)
    remedy = f"did you mean `{near}`? the channels are {channels}" if near else f"the channels are {channels}"
    fix = writing(source, name.span, near) if near else None
    return finding("CR101", source, name.span, f"`{name.text}` is no channel", help=remedy, fix=fix)
