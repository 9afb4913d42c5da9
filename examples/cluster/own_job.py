"""A job of your own on Flink: whom to send what, in three columns, from the events in a folder.

    connrules compile examples/abandoned-cart --output plan.json
    python examples/cluster/own_job.py plan.json events sends

or, on a cluster, `flink run -py examples/cluster/own_job.py plan.json /shared/events /shared/sends`.
"""

import json
import sys
from pathlib import Path

from pyflink.common import Encoder, Types, WatermarkStrategy
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.file_system import FileSink, FileSource, StreamFormat

from connrules import Plan
from connrules.flink import evaluate


def columns(line: str) -> str:
    """A decision, as its id, the user, and the message."""
    decision = json.loads(line)
    return "\t".join([decision["id"], decision["user"], decision["send"]])


def main(plan: str, events: str, sends: str) -> None:
    env = StreamExecutionEnvironment.get_execution_environment()
    folder = FileSource.for_record_stream_format(StreamFormat.text_line_format(), Path(events).resolve().as_uri())
    lines = env.from_source(folder.build(), WatermarkStrategy.no_watermarks(), "events", Types.STRING())
    found = evaluate(lines, Plan.from_json(Path(plan).read_bytes()), lateness=60_000)
    sink = FileSink.for_row_format(Path(sends).resolve().as_uri(), Encoder.simple_string_encoder())
    found.decisions.map(columns, Types.STRING()).sink_to(sink.build()).name("sends")
    env.execute("follow-ups")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: own_job.py PLAN EVENTS SENDS")
    main(*sys.argv[1:])
