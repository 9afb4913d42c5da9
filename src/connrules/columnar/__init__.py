"""The columnar backend: whole tables at once, with DuckDB."""
