"""What to report, and how severe it is: the settings of a check as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connrules.diagnostic import Severity


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a check. As they stand by default, everything is reported that needs no setting."""

    as_of: int | None = None
    """The instant (epoch ms) as of which things stand; without one, checks that depend on a date are left out."""
    select: tuple[str, ...] = ()
    """Codes (`CR401`), families (`CR4`) or names (`send-loop`) of what is reported; none: all."""
    ignore: tuple[str, ...] = ()
    """Codes, families or names of what is not reported. Of two that speak of one code, the longer one counts."""
    severities: Mapping[str, Severity] = field(default_factory=dict)
    """By code, severities that differ from the usual ones."""
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By pattern of a path (`legacy/*.conn`), codes, families or names of what is not reported in those files."""
    naming: str = ""
    """A regular expression that the names of rules match as a whole; empty: any name will do."""
