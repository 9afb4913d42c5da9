"""What `connrules diff` and `connrules migrate` show: how two rule sets differ, and what that does to users."""
