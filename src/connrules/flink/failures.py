"""Why a job failed, in one line, from what Java and Python say at length."""

import re
from typing import Final

_OURS: Final = "connrules."
_FROM_PYTHON: Final = re.compile(r"<class '(?P<name>[\w.]+)'>: (?P<says>.*)", re.DOTALL)
"""As it comes from an interpreter in Flink's own process."""
_TRACEBACK: Final = "Traceback (most recent call last):"
_RAISED: Final = re.compile(r"^(?P<name>[A-Za-z_][\w.]*)(:( (?P<says>.*))?)?$")
"""The line of a traceback that says what was raised; also a Java exception as text."""


class FlinkError(Exception):
    """Why a job cannot be run, or ended. `help` says what to do; `whole` is all that was said, of many lines."""

    def __init__(self, message: str, help: str = "", whole: str = "") -> None:  # noqa: A002  # as in findings
        super().__init__(message)
        self.help = help
        self.whole = whole


def in_a_line(text: str) -> str:
    """What an exception of Java says, as text, without the classes and traces around it."""
    if found := _FROM_PYTHON.search(text):
        return _said(found["name"], found["says"])
    if _TRACEBACK in text:
        for line in reversed(text.rpartition(_TRACEBACK)[2].splitlines()):
            if found := _RAISED.match(line):
                return _said(found["name"], found["says"])
    found = _RAISED.match(text.partition("\n")[0].strip())
    if found is None:
        return _first_line(text)
    return _first_line(found["says"] or "") or found["name"].rpartition(".")[2]


def remedy(text: str) -> str:
    """What to do about it, where that is known; empty: it is not."""
    return next((help_ for sign, help_ in _REMEDIES.items() if sign in text), "")


def _said(name: str, says: str | None) -> str:
    """What was raised in Python: our own errors speak for themselves."""
    line = _first_line(says or "")
    if name.startswith(_OURS) and line:
        return line
    return ": ".join(part for part in (name.rpartition(".")[2], line) if part)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


_JAR: Final = "copy opt/flink-python-*.jar to lib/ on each machine of the cluster, and start it again"
_REMEDIES: Final = {
    "Connection refused": "is the cluster running there? `bin/start-cluster.sh` of Flink starts one",
    "made with other rules": "name the rules that it was made with: --was OLD --replaced-at TIME",
    "operator is not available in the new program": "go on in the mode that it was in (--mode) and with the outputs "
    "that it had, or leave what outputs kept behind with --set execution.state-recovery.ignore-unclaimed-state=true",
    "loadedLibraryNames": _JAR,
    "org.apache.flink.streaming.api.operators.python": _JAR,
    "No module named 'connrules'": "install connrules where the workers run, or name its Python with --set "
    "python.executable=PATH",
    "No module named 'pemja'": "the Python of the workers needs connrules[flink]; name it with --set "
    "python.executable=PATH",
    "Failed to find libpython": "thread mode needs a Python with a shared libpython; --mode process does not",
}
