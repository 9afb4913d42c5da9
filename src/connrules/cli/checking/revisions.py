"""What the files of a rule set were when a branch began: asks git."""

import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connrules.cli.exit import ShellError

_OF_A_HOOK: Final = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
"""What git says to the hooks that it runs; it would speak of another repository than the one that is looked at."""

_HOW_TO_GET_ALL: Final = (
    "if only the last commits were fetched, get all: git fetch --unshallow; in GitHub Actions, fetch-depth: 0"
)


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of a repository."""

    top: Path
    """The folder of the repository, without links in it."""
    commit: str

    def texts(self, paths: Sequence[str]) -> dict[str, bytes]:
        """What the files held then, by path; one that was not there, or is not of the repository, is left out.

        A file that was renamed since counts as what it was, if git knows of it.
        """
        places = {path: place for path in paths if (place := self._place(path)) is not None and "\n" not in place}
        renamed = dict(self._renames())
        asked = "".join(f"{self.commit}:{renamed.get(place, place)}\n" for place in places.values())
        answers = _contents(_git(self.top, "cat-file", "--batch", given=asked.encode(errors="surrogateescape")))
        return {path: held for path, held in zip(places, answers, strict=True) if held is not None}

    def gone(self, folder: Path, paths: Iterable[str]) -> Iterator[Path]:
        """The files of a folder then, and of those below, that are none of these now, also by another name."""
        place = self._place(str(folder))
        if place is None:
            return
        renamed = dict(self._renames())
        there = {renamed.get(now, now) for path in paths if (now := self._place(path))}
        inside = [] if place == "." else [place]
        listed = os.fsdecode(_git(self.top, "ls-tree", "-r", "-z", "--name-only", self.commit, "--", *inside))
        yield from (folder / os.path.relpath(then, place) for then in listed.split("\0") if then and then not in there)

    def knows_of(self, path: str) -> bool:
        """Whether a file can be part of a change: it is in the repository, and git does not ignore it."""
        place = self._place(path)
        return place is not None and _run(self.top, "check-ignore", "--quiet", "--", place).returncode != 0

    def _renames(self) -> Iterator[tuple[str, str]]:
        """The new and the old name of each file that has another one now."""
        said = _git(self.top, "diff", "--name-status", "--diff-filter=R", "-M", "-z", "--no-ext-diff", self.commit)
        parts = os.fsdecode(said).split("\0")
        yield from ((parts[at + 2], parts[at + 1]) for at in range(0, len(parts) - 2, 3))

    def _place(self, path: str) -> str | None:
        """The path inside the repository; None: it is outside."""
        place = Path(os.path.realpath(path))
        return place.relative_to(self.top).as_posix() if place.is_relative_to(self.top) else None


def merge_base(folder: Path, ref: str) -> Revision:
    """The commit at which what is in `folder` now and a revision parted.

    Raises ShellError where there is no git, no repository, no such revision, or nothing that the two have in common.
    """
    top = os.fsdecode(_git(folder, "rev-parse", "--show-toplevel")).rstrip("\n")
    named = _run(folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") if _is_name(ref) else None
    if named is None or named.returncode:
        is_shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"
        remedy = _HOW_TO_GET_ALL if is_shallow else "name a branch, a tag or a commit; `git fetch` gets those of others"
        raise _refused(f"there is no revision `{ref}` in {top}", remedy)
    base = _run(folder, "merge-base", named.stdout.decode().strip(), "HEAD")
    if base.returncode:
        raise _refused(
            f"`{ref}` has nothing in common with what is checked out",
            _HOW_TO_GET_ALL,
        )
    return Revision(Path(os.path.realpath(top)), base.stdout.decode().split()[0])


def _is_name(ref: str) -> bool:
    """Whether git would take it for a revision, and not for an option."""
    return bool(ref) and not ref.startswith("-") and "\0" not in ref


def _contents(answer: bytes) -> Iterator[bytes | None]:
    """What `git cat-file --batch` says of each object; None: there is none."""
    at = 0
    while at < len(answer):
        end = answer.index(b"\n", at)
        *_, kind, size = answer[at:end].rsplit(b" ", 2)
        at = end + 1
        if size == b"missing" or not size.isdigit():
            yield None
            continue
        yield answer[at : at + int(size)] if kind == b"blob" else None
        at += int(size) + 1


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git answers. Raises ShellError with git's own words where it refuses."""
    result = _run(folder, *arguments, given=given)
    if result.returncode:
        words = result.stderr.decode(errors="replace").strip().splitlines()
        why = words[0].removeprefix("fatal: ") if words else f"git {arguments[0]} failed"
        raise _refused(why, "it compares with what git has: run it inside of a repository")
    return result.stdout


def _run(folder: Path, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {name: said for name, said in os.environ.items() if name not in _OF_A_HOOK}
    environment |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, input=given, capture_output=True, check=False, env=environment)  # noqa: S603
    except OSError:
        raise _refused("git cannot be run", "install git, or leave the option out") from None


def _refused(why: str, remedy: str) -> ShellError:
    return ShellError(f"--changed-since: {why}", remedy)
