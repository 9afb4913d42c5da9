"""Every witness is what it claims to be: a test in canonical form that passes with the rules that it is about.

A rule set with an error is run all the same, to show the loop or the silence that the error speaks of; not where names
lead nowhere, for then nothing can run.
"""

from dataclasses import replace

import pytest
from tests.errors.test_errors import CHUNKS, Chunk

from connrules.check import Checked, check
from connrules.diagnostic import Diagnostic, Severity
from connrules.syntax.layout import format_file
from connrules.syntax.parser import parse
from connrules.testing import run_tests
from connrules.text import SourceText

SHOWN = {"CR501", "CR502", "CR503"}
"""Codes whose findings print witnesses."""
RUNNABLE = ("CR3", "CR4", "CR5")
"""Families of errors with which a rule set can be run nevertheless."""


def failures(chunk: Chunk, finding: Diagnostic) -> list[str]:
    """What goes wrong in the witness of a finding."""
    source = SourceText("witness.conn", f"{finding.witness}\n")
    witness = parse(source)
    assert not witness.diagnostics, finding.witness
    assert format_file(witness) == source.text
    rules = parse(SourceText(chunk.name, chunk.text))
    both = check([rules, witness], chunk.catalog_read())
    own = [test for test in both.tests if test.source is witness.file.source]
    report = run_tests(replace(both, tests=tuple(own), diagnostics=()))
    assert len(report.results) == 1
    return [f"{failure.message}: {failure.why}" for result in report.results for failure in result.failures]


def checked(chunk: Chunk) -> Checked:
    return check([parse(SourceText(chunk.name, chunk.text))], chunk.catalog_read(), chunk.settings.as_of)


def runs(chunk: Chunk) -> bool:
    errors = checked(chunk).errors
    return all(e.code.startswith(RUNNABLE) and "at the same instant" not in e.message for e in errors)


WITH_WITNESSES = [chunk for chunk in CHUNKS if any(f.witness for f in checked(chunk).diagnostics) and runs(chunk)]


@pytest.mark.parametrize("chunk", WITH_WITNESSES, ids=[chunk.name for chunk in WITH_WITNESSES])
def test_every_witness_passes(chunk: Chunk) -> None:
    for finding in checked(chunk).diagnostics:
        if finding.witness:
            assert not failures(chunk, finding), finding.witness


def test_every_code_of_a_loop_has_witnesses() -> None:
    shown = {f.code for chunk in WITH_WITNESSES for f in checked(chunk).diagnostics if f.witness}
    assert shown >= SHOWN


@pytest.mark.parametrize("chunk", WITH_WITNESSES, ids=[chunk.name for chunk in WITH_WITNESSES])
def test_every_loop_that_is_an_error_has_a_witness(chunk: Chunk) -> None:
    for finding in checked(chunk).diagnostics:
        if finding.code in SHOWN and finding.severity is Severity.ERROR:
            assert finding.witness, finding.message
