"""The command line: one small module per command, each imported only when its command is used.

Standard output carries results, standard error everything said about them.
"""

import sys


def main() -> None:
    """Run the command line with the process's arguments, and end the process with one of the codes of `exit.py`."""
    if sys.argv[1:] == ["--version"]:
        # Asked by scripts at every start, and importing click takes several times as long as the answer.
        from connrules import __version__  # noqa: PLC0415  # see above

        sys.exit(print(f"connrules {__version__}"))  # noqa: T201  # likewise
    try:
        from connrules.cli.shell import shell  # noqa: PLC0415  # see above
    except KeyboardInterrupt:
        sys.exit(130)
    shell(prog_name="connrules")
