"""The policy of a rule set: its limits and its quiet hours."""

from collections.abc import Iterator

from connrules import ast
from connrules.check.windows import check_quiet
from connrules.codes import finding
from connrules.diagnostic import Diagnostic
from connrules.text import SourceText, closest
from connrules.vocabulary import CHANNELS


def check_policy(source: SourceText, policy: ast.Policy) -> Iterator[Diagnostic]:
    """Limits of channels that do not exist, quiet hours without an end."""
    for limit in policy.limits:
        if limit.channel and limit.channel.text not in CHANNELS:
            yield _unknown_channel(source, limit.channel)
    if policy.quiet:
        yield from check_quiet(source, policy.quiet)


def _unknown_channel(source: SourceText, name: ast.Name) -> Diagnostic:
    near = closest(name.text, CHANNELS)
    channels = ", ".join(f"`{channel}`" for channel in CHANNELS)
    remedy = f"did you mean `{near}`? the channels are {channels}" if near else f"the channels are {channels}"
    return finding("CR101", source, name.span, f"`{name.text}` is no channel", help=remedy)
