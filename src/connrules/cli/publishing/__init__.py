"""The order of publishing as `connrules plan` shows it."""
