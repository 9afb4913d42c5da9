"""`connrules check --changed-since REF`: what of a report is about what has changed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from connrules.cli.checking.revisions import Revision, merge_base
from connrules.cli.configuration.file import same_configuration
from connrules.cli.inputs import Inputs
from connrules.files import UnreadableError, is_rule_file, read_bytes
from connrules.lint import Report
from connrules.lint.changed import narrowed
from connrules.text import SourceText


@dataclass(frozen=True, slots=True)
class Since:
    """What the rule set was when the branch began."""

    ref: str
    """The revision as the user names it."""
    before: dict[str, str]
    """The texts of rule files then, by path."""
    earlier: Report | None
    """The report on them; None where everything is reported."""
    whole: tuple[Path, ...]
    """The catalog and the configuration, where they have changed: everything is reported then."""

    def narrowed(self, report: Report, sources: Iterable[SourceText]) -> Report:
        """The report on what has changed."""
        return narrowed(report, sources, self.before, self.earlier) if self.earlier else report

    @property
    def note(self) -> str:
        """Why everything is reported, where it is; else nothing."""
        return f"{self.whole[0]} has changed since {self.ref}: everything is reported" if self.whole else ""


def changes_since(
    ref: str,
    paths: Iterable[Path],
    inputs: Inputs,
    configuration: Path | None,
    lint: Callable[[Sequence[SourceText]], Report],
) -> Since:
    """What the rule set of these paths was when what is checked out and `ref` parted.

    Raises ShellError where git cannot say.
    """
    revision = merge_base(Path(inputs.sources[0].path).parent, ref)
    sources = _sources_then(revision, paths, inputs.sources)
    changed = [
        path for path in (inputs.catalog_path, configuration) if path is not None and _has_changed(revision, path)
    ]
    earlier = None if changed else lint(sources)
    return Since(ref, {source.path: source.text for source in sources}, earlier, tuple(changed))


def _sources_then(revision: Revision, paths: Iterable[Path], sources: Sequence[SourceText]) -> list[SourceText]:
    """The texts of the rule files then: of those that there are now, and of those in the same folders that are gone."""
    names = {source.path: source.name for source in sources}
    gone = [
        str(file) for path in paths if path.is_dir() for file in revision.gone(path, names) if is_rule_file(file, path)
    ]
    texts = revision.texts([*names, *gone])
    return [SourceText.decode(data, path, names.get(path, path)) for path, data in texts.items()]


def _has_changed(revision: Revision, path: Path) -> bool:
    """Whether a file has changed; one that is not kept in the repository is no part of any change."""
    before = revision.texts([str(path)]).get(str(path))
    if before is None:
        return revision.knows_of(str(path))
    try:
        return not same_configuration(path.name, before, read_bytes(path))
    except UnreadableError:
        return True
