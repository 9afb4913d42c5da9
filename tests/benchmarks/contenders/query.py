"""The one rule as a query by hand: a sorted Parquet log in, decisions as JSON lines out, in DuckDB alone.

    python query.py LOG DECISIONS

A push that comes less than a day after the one before, with no purchase between, may find its user waiting. Most pushes
are not like that, and have none like that after them: one pass of window functions finds them, and each starts a wait.
Only those that stand close are folded one after the other: of a cluster the first starts a wait, and then each that
comes a day or more after the last start.
"""

import sys

import duckdb

ISO = """
CREATE MACRO iso(ms) AS replace(strftime(make_timestamp_ms(ms), '%Y-%m-%dT%H:%M:%S.%gZ'), '.000Z', 'Z')
"""
QUERY = """
COPY (
    WITH newest AS (SELECT epoch_ms(max(time)) AS newest FROM '{log}'),
    relevant AS (
        SELECT "user", id, epoch_ms(time) AS time, file_row_number AS n, type = 'purchase' AS bought
        FROM read_parquet('{log}', file_row_number = true)
        WHERE type = 'purchase' OR (type = 'received_push' AND campaign = 'Cart 00000')
    ),
    placed AS (
        SELECT *,
            min(CASE WHEN bought THEN time END) OVER (
                PARTITION BY "user" ORDER BY time, n ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
            ) AS bought_at,
            coalesce(NOT lag(bought) OVER u AND time < lag(time) OVER u + {day}, false) AS joins,
            coalesce(NOT lead(bought) OVER u AND lead(time) OVER u < time + {day}, false) AS is_joined
        FROM relevant
        WINDOW u AS (PARTITION BY "user" ORDER BY time, n)
    ),
    close AS (
        SELECT *, count(*) FILTER (NOT joins) OVER (PARTITION BY "user" ORDER BY time, n) AS cluster
        FROM placed WHERE NOT bought AND (joins OR is_joined)
    ),
    folded AS (
        SELECT "user", bought_at, list_reduce(
            list([{{time: time, n: n, id: id}}] ORDER BY time, n),
            lambda kept, push: CASE WHEN push[1].time >= kept[-1].time + {day} THEN kept || push ELSE kept END
        ) AS pushes
        FROM close GROUP BY "user", cluster, bought_at
    ),
    starts AS (
        SELECT "user", bought_at, time, n, id FROM placed WHERE NOT (bought OR joins OR is_joined)
        UNION ALL
        SELECT "user", bought_at, unnest(pushes, recursive := true) FROM folded
    ),
    sent AS (
        SELECT "user", id, time, time + {day} AS due, n
        FROM starts, newest
        WHERE time + {day} <= newest AND (bought_at IS NULL OR bought_at >= time + {day})
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
