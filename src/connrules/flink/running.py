"""Java starts beside this process, so that it finds this Python; a job runs in it, or is handed to a cluster."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from py4j.protocol import Py4JError, Py4JJavaError
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway
from pyflink.pyflink_gateway_server import find_java_executable

from connrules.flink.failures import FlinkError, in_a_line, remedy

_OLDEST_JAVA: Final = 17
_INSTALL_JAVA: Final = "install Java 17, or say where it is with JAVA_HOME"
_VERSION: Final = re.compile(r'version "(?:1\.)?(\d+)')


def start_java(logs: Path) -> None:
    """Start Java with this Python before all others on its path; it writes its log to a folder.

    An interpreter in Flink's own process looks for its modules beside the first `python3` of the path, whatever
    Flink's configuration says. Raises FlinkError where there is no Java that will do.
    """
    if "PYFLINK_GATEWAY_PORT" not in os.environ:  # else it is there already: `flink run` started us
        _check_java()
    changed = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "FLINK_LOG_DIR": str(logs),
    }
    os.environ.setdefault("_python_worker_execution_mode", "process")  # --mode process means processes, here too
    with _environment(changed), in_words():
        get_gateway()


def _check_java() -> None:
    java = find_java_executable()
    found = shutil.which(java)
    if found is None:
        raise FlinkError(f"Flink needs Java, and there is no `{java}`", _INSTALL_JAVA)
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)  # noqa: S603  # as Flink does
    version = _VERSION.search(said.stderr)
    if version is None:
        raise FlinkError(f"Flink needs Java, and {found} does not say which version it is", _INSTALL_JAVA)
    if int(version[1]) < _OLDEST_JAVA:
        raise FlinkError(f"Flink needs Java {_OLDEST_JAVA}, and {found} is Java {version[1]}", _INSTALL_JAVA)


@contextmanager
def _environment(changed: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def in_words() -> Iterator[None]:
    """What Java raises is raised as FlinkError, with its root cause for a message."""
    try:
        yield
    except Py4JJavaError as error:
        root = error.java_exception
        while root.getCause() is not None:
            root = root.getCause()
        whole = str(error)
        raise FlinkError(in_a_line(root.toString()), remedy(whole), whole) from None
    except Py4JError as error:
        raise FlinkError(in_a_line(str(error)), whole=str(error)) from None


class Running:
    """A job that was handed over. Raises FlinkError where that fails."""

    def __init__(self, env: StreamExecutionEnvironment) -> None:
        with in_words():
            self._client = env.execute_async("connrules")
            self._result = self._client.get_job_execution_result()
            self.id = str(self._client.get_job_id())

    @property
    def is_over(self) -> bool:
        """Whether it came to an end, good or bad."""
        with in_words():
            return bool(self._result.done())

    def result(self) -> None:
        """Wait for its end. Raises FlinkError where that is a bad one."""
        with in_words():
            self._result.result()

    def stop(self) -> str:
        """Stop it with a savepoint, and give the place of that. Raises FlinkError where it cannot be stopped so."""
        with in_words():
            format_ = get_gateway().jvm.org.apache.flink.core.execution.SavepointFormatType.DEFAULT
            return str(self._client._j_job_client.stopWithSavepoint(False, None, format_).get())  # noqa: FBT003

    def cancel(self) -> None:
        """Stop it at once."""
        with in_words():
            self._client.cancel().result()
