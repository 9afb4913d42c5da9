"""`connrules check --changed-since REF`: what of a report is about what has changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from connrules.cli.config_file import same_configuration
from connrules.cli.revisions import Revision, merge_base
from connrules.files import UnreadableError, read_bytes
from connrules.lint import Report
from connrules.lint.changed import narrowed
from connrules.text import SourceText


@dataclass(frozen=True, slots=True)
class Since:
    """What the files were when the branch began."""

    ref: str
    """The revision as the user names it."""
    before: dict[str, str]
    """The texts of rule files then, by path."""
    whole: tuple[Path, ...]
    """The catalog and the configuration, where they have changed: everything is reported then."""

    def narrowed(self, report: Report, sources: Iterable[SourceText]) -> Report:
        """The report on what has changed."""
        return report if self.whole else narrowed(report, sources, self.before)

    @property
    def note(self) -> str:
        """Why everything is reported, where it is; else nothing."""
        return f"{self.whole[0]} has changed since {self.ref}: everything is reported" if self.whole else ""


def changes_since(
    ref: str, sources: Sequence[SourceText], folder: Path, catalog: Path | None, configuration: Path | None
) -> Since:
    """What the sources, the catalog and the configuration were when what is in `folder` and `ref` parted.

    Raises ShellError where git cannot say.
    """
    revision = merge_base(folder, ref)
    texts = revision.texts([source.path for source in sources])
    before = {path: SourceText.decode(data, path).text for path, data in texts.items()}
    changed = [path for path in (catalog, configuration) if path is not None and _has_changed(revision, path)]
    return Since(ref, before, tuple(changed))


def _has_changed(revision: Revision, path: Path) -> bool:
    """Whether a file has changed; one that is not kept in the repository is no part of any change."""
    before = revision.texts([str(path)]).get(str(path))
    if before is None:
        return revision.knows_of(str(path))
    try:
        return not same_configuration(path.name, before, read_bytes(path))
    except UnreadableError:
        return True
