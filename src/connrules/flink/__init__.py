"""The same rules on Apache Flink: keyed by user, with the state of each user as one value of bytes."""
