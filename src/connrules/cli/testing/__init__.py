"""Results of `connrules test`, as text and as documents."""
