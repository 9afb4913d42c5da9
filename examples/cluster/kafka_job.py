"""A whole job on Flink from Kafka to Kafka: events from one topic, decisions to another, late events to a third.

    flink run -j flink-sql-connector-kafka-VERSION.jar -py examples/cluster/kafka_job.py \
        plan.json localhost:9092 events sends late

Messages are events as lines of JSON; give each the id of its user for a key, so that all of a user's are in one
partition, in order. Checkpoints are the cluster's to configure: `execution.checkpointing.interval` and `.dir`.
"""

import sys
from pathlib import Path

from pyflink.common import SimpleStringSchema, Types, WatermarkStrategy
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.datastream.connectors.base import DeliveryGuarantee
from pyflink.datastream.connectors.kafka import (
    KafkaOffsetResetStrategy,
    KafkaOffsetsInitializer,
    KafkaRecordSerializationSchema,
    KafkaSink,
    KafkaSource,
)

from connrules import Plan
from connrules.flink import evaluate
from connrules.flink.clock import wall_clock

LATENESS = 60_000
"""Milliseconds: as long as an event takes to get here, and partitions are apart."""
IDLE = 30
"""Seconds."""
TRANSACTION = 15 * 60_000
"""Milliseconds: longer than from one checkpoint to the next, and no longer than the brokers allow."""


def source(brokers: str, topic: str) -> KafkaSource:
    """The topic from where this job had got to, at first from its beginning."""
    return (
        KafkaSource.builder()
        .set_bootstrap_servers(brokers)
        .set_topics(topic)
        .set_group_id("connrules")
        .set_starting_offsets(KafkaOffsetsInitializer.committed_offsets(KafkaOffsetResetStrategy.EARLIEST))
        .set_value_only_deserializer(SimpleStringSchema())
        .build()
    )


def sink(brokers: str, topic: str) -> KafkaSink:
    """Each line once, for consumers with `isolation.level=read_committed`."""
    record = (
        KafkaRecordSerializationSchema.builder()
        .set_topic(topic)
        .set_value_serialization_schema(SimpleStringSchema())
        .build()
    )
    return (
        KafkaSink.builder()
        .set_bootstrap_servers(brokers)
        .set_record_serializer(record)
        .set_delivery_guarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .set_transactional_id_prefix(f"connrules-{topic}")
        .set_property("transaction.timeout.ms", str(TRANSACTION))
        .build()
    )


def main(plan: str, brokers: str, events: str, sends: str, late: str) -> None:
    env = StreamExecutionEnvironment.get_execution_environment()
    stream = env.from_source(source(brokers, events), WatermarkStrategy.no_watermarks(), "events", Types.STRING())
    found = evaluate(
        stream.uid("events"),
        Plan.from_json(Path(plan).read_bytes()),
        lateness=LATENESS,
        idle=IDLE,
        clock=wall_clock(env),
    )
    found.decisions.sink_to(sink(brokers, sends)).name("sends").uid("sends")
    found.late.sink_to(sink(brokers, late)).name("late").uid("late")
    env.execute("follow-ups")


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit("usage: kafka_job.py PLAN BROKERS EVENTS SENDS LATE")
    main(*sys.argv[1:])
