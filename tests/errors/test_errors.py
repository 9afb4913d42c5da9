"""Every finding in the `.conn` files of this folder is expected, and every expectation is met.

A file is cut into rule sets by lines of `---`. A comment `# ^ CR301 words` says that its line has a finding of that
code with those words in what it says; alone on a line, it speaks of the line above. The words are looked for in
`severity: message | label | help`. Above the first `---` stand comments alone: `# catalog: FILE`, `# as of: TIME`,
`# select: CODES`, `# ignore: CODES` and `# naming: PATTERN`. What the checker finds is expected but for what is
ignored, and of other findings those selected.
"""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from connrules.catalog import Catalog, load_catalog
from connrules.codes import CODES
from connrules.diagnostic import Diagnostic
from connrules.duration import parse_instant
from connrules.lint import Settings, lint
from connrules.syntax.parser import parse
from connrules.text import SourceText

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.conn"))
CHECKER = ("CR1", "CR2", "CR3", "CR4", "CR5", "CR713", "CR714")
SIDE_BY_SIDE = ("CR505", "CR508", "CR509")
"""Rules stand together in a chunk to be short: what they do to one another is told only where it is selected."""
EXPECTATION = re.compile(r"# \^ (CR\d{3})((?:(?!# \^).)*)")


class Expected(NamedTuple):
    line: int
    code: str
    words: str


class Chunk(NamedTuple):
    name: str
    text: str
    catalog: str | None
    settings: Settings

    def findings(self) -> tuple[Diagnostic, ...]:
        return lint([parse(SourceText(self.name, self.text))], self.catalog_read(), self.settings).findings

    def catalog_read(self) -> Catalog | None:
        return load_catalog((HERE / self.catalog).read_bytes(), self.catalog) if self.catalog else None

    def expected(self) -> list[Expected]:
        found = []
        for number, line in enumerate(self.text.split("\n"), 1):
            at = number - 1 if line.lstrip().startswith("# ^") else number
            found += [Expected(at, code, words.strip()) for code, words in EXPECTATION.findall(line)]
        return found


def chunks_of(path: Path) -> list[Chunk]:
    header, *texts = re.split(r"^---\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    options = dict(re.findall(r"^# (catalog|as of|select|ignore|naming): (.+)$", header, re.MULTILINE))
    settings = Settings(
        as_of=parse_instant(options["as of"]) if "as of" in options else None,
        select=(*CHECKER, *options.get("select", "").split()),
        ignore=(*options.get("ignore", "").split(), *(c for c in SIDE_BY_SIDE if c not in options.get("select", ""))),
        naming=options.get("naming", ""),
    )
    chunks = []
    line = header.count("\n") + 2
    for text in texts:
        chunks.append(Chunk(f"{path.name}:{line}", text, options.get("catalog"), settings))
        line += text.count("\n") + 1
    return chunks


CHUNKS = [chunk for path in FILES for chunk in chunks_of(path)]


def line_of(finding: Diagnostic) -> int:
    return finding.source.position(finding.span.start).line


def told(finding: Diagnostic) -> str:
    return f"{finding.severity}: {finding.message} | {finding.label} | {finding.help}"


def meets(finding: Diagnostic, expected: Expected) -> bool:
    return (line_of(finding), finding.code) == (expected.line, expected.code) and expected.words in told(finding)


@pytest.mark.parametrize("chunk", CHUNKS, ids=[chunk.name for chunk in CHUNKS])
def test_the_findings_are_those_expected(chunk: Chunk) -> None:
    unexpected = list(chunk.findings())
    unmet = []
    for expected in chunk.expected():
        finding = next((f for f in unexpected if meets(f, expected)), None)
        if finding is None:
            unmet.append(expected)
        else:
            unexpected.remove(finding)
    wrong = [f"not found: {e}" for e in unmet]
    wrong += [f"not expected: line {line_of(f)}: {f.code} {told(f)}" for f in unexpected]
    assert not wrong, "\n".join([chunk.name, *wrong])


@pytest.mark.parametrize("chunk", CHUNKS, ids=[chunk.name for chunk in CHUNKS])
def test_words_of_findings_are_in_the_style_of_the_house(chunk: Chunk) -> None:
    for finding in chunk.findings():
        assert finding.help, f"{finding.code} says nothing of what to do"
        for words in (finding.message, finding.label, finding.help):
            assert not words.endswith("."), words
            assert "\n" not in words
            assert not words[:1].isupper(), words
        assert finding.span.start <= finding.span.end <= len(finding.source.text)


@pytest.mark.parametrize("chunk", CHUNKS, ids=[chunk.name for chunk in CHUNKS])
def test_a_line_that_a_label_names_is_a_related_place(chunk: Chunk) -> None:
    for finding in chunk.findings():
        named = {int(number) for number in re.findall(r"\bline (\d+)$", finding.label)}
        assert named <= {place.source.position(place.span.start).line for place in finding.related}, finding.message


def test_every_code_is_expected_somewhere() -> None:
    expected = {expected.code for chunk in CHUNKS for expected in chunk.expected()}
    assert expected == set(CODES) - {"CR111"}  # a file of text cannot hold what is no text
