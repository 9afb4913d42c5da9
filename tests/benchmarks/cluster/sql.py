"""The rule in Flink's own SQL, as somebody would write it who knows it; all of it runs in Java.

The outer interval join gives a row for each push that no purchase followed in time, once the watermark is past. In
MATCH_RECOGNIZE one wait ends before the next begins, but a match ends with an event only: who does nothing any more
gets no message. It looks at all events of a user, so that any of them will do.
"""

from pathlib import Path
from typing import Final

from tests.benchmarks.cluster.log import DELAY

_EVENTS: Final = """
    CREATE TABLE events (
        id STRING, `user` STRING, `type` STRING, campaign STRING, `time` BIGINT,
        ts AS TO_TIMESTAMP_LTZ(`time`, 3), WATERMARK FOR ts AS ts - INTERVAL '0.001' SECOND
    ) WITH ('connector' = 'filesystem', 'path' = '{log}', 'format' = 'json')
"""
_DECISIONS: Final = """
    CREATE TABLE decisions (`user` STRING, `trigger` STRING, `at` BIGINT)
    WITH ('connector' = 'filesystem', 'path' = '{out}', 'format' = 'json')
"""
_PUSH: Final = "`type` = 'received_push' AND campaign = 'Cart 00000'"
_DELAY: Final = f"INTERVAL '{DELAY // 60_000}' MINUTE"
QUERIES: Final = {
    "interval_join": f"""
        INSERT INTO decisions
        SELECT t.`user`, t.id, t.`time` + {DELAY}
        FROM (SELECT * FROM events WHERE {_PUSH}) t
        LEFT JOIN (SELECT id, `user`, ts FROM events WHERE `type` = 'purchase') p
        ON p.`user` = t.`user` AND p.ts > t.ts AND p.ts < t.ts + {_DELAY}
        WHERE p.id IS NULL
    """,
    "match_recognize": f"""
        INSERT INTO decisions
        SELECT `user`, `trigger`, `at`
        FROM events MATCH_RECOGNIZE (
            PARTITION BY `user` ORDER BY ts
            MEASURES T.id AS `trigger`, T.`time` + {DELAY} AS `at`, LAST(E.`time`) AS ended
            ONE ROW PER MATCH
            AFTER MATCH SKIP TO LAST E
            PATTERN (T W* E)
            DEFINE
                T AS T.`type` = 'received_push' AND T.campaign = 'Cart 00000',
                W AS W.`type` <> 'purchase' AND W.`time` < LAST(T.`time`) + {DELAY},
                E AS E.`type` = 'purchase' OR E.`time` >= LAST(T.`time`) + {DELAY}
        )
        WHERE ended >= `at`
    """,
}


def tables(log: Path, out: Path) -> tuple[str, str]:
    """What makes the tables that a query reads and writes."""
    return _EVENTS.format(log=log.as_uri()), _DECISIONS.format(out=out.as_uri())
