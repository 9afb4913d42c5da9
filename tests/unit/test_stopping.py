"""Signals that end a run wait until what must not be interrupted is done."""

import os
import signal

import pytest

from connrules.cli.exit import Terminated
from connrules.cli.stopping import Stopping

SIGNALS = [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]


@pytest.mark.parametrize(("number", "error"), SIGNALS)
def test_a_signal_ends_what_may_be_interrupted_at_once(number: int, error: type[KeyboardInterrupt]) -> None:
    with Stopping(), pytest.raises(error):  # noqa: PT012  # what comes after the signal counts
        os.kill(os.getpid(), number)
        raise AssertionError("it goes on")


@pytest.mark.parametrize(("number", "error"), SIGNALS)
def test_a_signal_waits_for_what_must_not_be_interrupted(number: int, error: type[KeyboardInterrupt]) -> None:
    done = []
    with Stopping() as stopping, pytest.raises(error):  # noqa: PT012  # what comes before the error counts
        with stopping.uninterrupted():
            os.kill(os.getpid(), number)
            done.append("to the end")
        raise AssertionError("it goes on")
    assert done == ["to the end"]


def test_the_second_signal_does_not_wait() -> None:
    with Stopping() as stopping, pytest.raises(Terminated), stopping.uninterrupted():  # noqa: PT012  # likewise
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        raise AssertionError("it goes on")


def test_what_was_raised_in_the_work_comes_first() -> None:
    with Stopping() as stopping, pytest.raises(ValueError, match="broken"), stopping.uninterrupted():  # noqa: PT012
        os.kill(os.getpid(), signal.SIGTERM)
        raise ValueError("broken")


def test_afterwards_signals_do_what_they_did() -> None:
    before = [signal.getsignal(number) for number, _ in SIGNALS]
    with Stopping():
        assert [signal.getsignal(number) for number, _ in SIGNALS] != before
    assert [signal.getsignal(number) for number, _ in SIGNALS] == before
