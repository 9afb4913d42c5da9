"""What `connrules state` and `connrules migrate` tell of a state file."""
