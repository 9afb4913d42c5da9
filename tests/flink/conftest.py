"""Starts Java once for all tests of this folder, beside this Python; it ends with the tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyflink.java_gateway import get_gateway
from tests.real_logs import CHECKOUT

from connrules.flink.running import start_java

LIGHT_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx2g"
"""So many short jobs are over before it would pay to compile them well."""


def pytest_configure(config: pytest.Config) -> None:
    """What Flink leaves open, and what it uses that has no future, is no fault of a test."""
    for ignored in ("pytest.PytestUnraisableExceptionWarning", "ResourceWarning", "DeprecationWarning"):
        config.addinivalue_line("filterwarnings", f"ignore::{ignored}")


@pytest.fixture(scope="session", autouse=True)
def java(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Java, where workers find the modules of these tests; its log is in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, [CHECKOUT / "src", CHECKOUT])))
        patch.setenv("JVM_ARGS", LIGHT_JAVA)
        patch.setenv("_python_worker_execution_mode", "process")  # else Flink runs them as threads of this process
        start_java(tmp_path_factory.mktemp("java"))
        yield
        get_gateway().shutdown()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder for a job."""
    return tmp_path
