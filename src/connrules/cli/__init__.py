"""The command line: one small module per command, each imported only when its command is used.

Standard output carries results, standard error everything said about them.
"""

import sys
from contextlib import suppress


def main() -> None:
    """Run the command line with the process's arguments, and end the process with one of the codes of `exit.py`."""
    if sys.argv[1:] == ["--version"]:
        with suppress(OSError):  # the shell below meets it again, and says it
            _print_version()
            return
    try:
        from connrules.cli.shell import shell  # noqa: PLC0415  # see _print_version
    except KeyboardInterrupt:
        sys.exit(130)
    shell(prog_name="connrules")


def _print_version() -> None:
    """Scripts ask for it at every start, and importing click takes several times as long as the answer."""
    from connrules import __version__  # noqa: PLC0415  # see above

    print(f"connrules {__version__}", flush=True)  # noqa: T201  # likewise
