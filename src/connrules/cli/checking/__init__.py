"""What `connrules check` does besides reporting: fixes, what has changed, counts."""
