"""The same rules on Apache Flink: keyed by user, with the state of each user as one value of bytes.

`evaluate` runs a plan over a stream. It needs the extra `flink`, and is loaded when it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connrules.flink.streams import Decisions as Decisions
    from connrules.flink.streams import evaluate as evaluate

__all__ = ["Decisions", "evaluate"]


if not TYPE_CHECKING:  # with it, a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'connrules.flink' has no attribute {name!r}")
        from connrules.flink import streams  # noqa: PLC0415  # it loads Flink

        return getattr(streams, name)
