"""What `connrules flink` takes, and what it says of a job while it runs."""
