"""The one rule as a query by hand: a sorted Parquet log in, decisions as JSON lines out, in DuckDB alone.

    python query.py LOG DECISIONS

A purchase cuts a user's pushes into stretches. In a stretch a wait starts with the first push, and then with each that
comes a day or more after the last start. Where no push comes within a day of the one before, each of them starts a wait
and nothing else need be asked; only the pushes that stand closer are folded one after the other.
"""

import sys

import duckdb

ISO = """
CREATE MACRO iso(ms) AS replace(strftime(make_timestamp_ms(ms), '%Y-%m-%dT%H:%M:%S.%gZ'), '.000Z', 'Z')
"""
QUERY = """
COPY (
    WITH newest AS (SELECT max(epoch_ms(time)) AS newest FROM '{log}'),
    relevant AS (
        SELECT "user", id, epoch_ms(time) AS time, file_row_number AS n, type = 'purchase' AS bought
        FROM read_parquet('{log}', file_row_number = true)
        WHERE type = 'purchase' OR (type = 'received_push' AND campaign = 'Cart 00000')
    ),
    stretches AS (
        SELECT *,
            count(*) FILTER (bought) OVER (PARTITION BY "user" ORDER BY time, n) AS stretch,
            min(time) FILTER (bought) OVER (
                PARTITION BY "user" ORDER BY time, n ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
            ) AS bought_at
        FROM relevant
    ),
    pushes AS (
        SELECT *, time - lag(time) OVER (PARTITION BY "user", stretch ORDER BY time, n) AS gap
        FROM stretches WHERE NOT bought
    ),
    clusters AS (
        SELECT *, count(*) FILTER (gap IS NULL OR gap >= {day}) OVER (
            PARTITION BY "user", stretch ORDER BY time, n
        ) AS cluster
        FROM pushes
    ),
    folded AS (
        SELECT "user", bought_at, list([{{time: time, n: n, id: id}}] ORDER BY time, n) AS pushes
        FROM clusters GROUP BY "user", stretch, cluster, bought_at
    ),
    starts AS (
        SELECT "user", bought_at, unnest(
            CASE WHEN len(pushes) = 1 THEN pushes[1] ELSE
                list_reduce(pushes, lambda kept, push:
                    CASE WHEN push[1].time >= kept[-1].time + {day} THEN kept || push ELSE kept END)
            END
        ) AS push
        FROM folded
    ),
    sent AS (
        SELECT "user", push.id AS id, push.time AS time, push.time + {day} AS due, push.n AS n
        FROM starts, newest
        WHERE push.time + {day} <= newest AND (bought_at IS NULL OR bought_at >= push.time + {day})
    )
    SELECT left(sha256(json_array('cart_reminder', "user", NULL, id, time)::VARCHAR), 32) AS id,
        'sent' AS outcome, 'cart_reminder' AS rule, "user" AS user, 'Cart Reminder' AS send,
        iso(due) AS "at", id AS trigger, iso(time) AS triggered_at
    FROM sent ORDER BY due, time, n
) TO '{out}' (FORMAT json)
"""


def main(log: str, out: str) -> None:
    duckdb.execute(ISO)
    duckdb.execute(QUERY.format(log=log, out=out, day=86_400_000))


if __name__ == "__main__":
    main(*sys.argv[1:])
