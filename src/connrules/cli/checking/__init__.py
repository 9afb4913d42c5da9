"""What the options of `connrules check` do. Its modules are loaded when they are used: most runs ask for none of it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connrules.cli.checking import fixing as fixing
    from connrules.cli.checking import since as since
    from connrules.cli.checking import statistics as statistics
else:

    def __getattr__(name: str) -> Any:
        if name not in {"fixing", "since", "statistics"}:
            raise AttributeError(f"module '{__name__}' has no attribute {name!r}")
        return import_module(f"{__name__}.{name}")
