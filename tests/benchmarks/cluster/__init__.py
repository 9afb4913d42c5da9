"""What the job on Flink costs, beside Flink's own SQL and one engine in one process (`make bench-flink`)."""
