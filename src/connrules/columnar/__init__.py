"""Whole tables at once: a log in Parquet or CSV read by DuckDB, resolved by numpy, with the outcomes of the engine.

    sources    which files a log is, and its columns as events have them
    csv_files  CSV, its header and its errors
    agreeing   whether the files of a folder have the same types
    sql        texts in SQL
    reading    the rows that are no events, those that are late, and those that rules speak of
    tables     a plan as numbers: which objects start which rules, and what cancels them
    resolving  which waits start, and what becomes of them
    lines      outcomes as lines of JSON, made by DuckDB
    replay     all of it

One wait at a time per rule and user is sequential; but the instant at which a wait would end is not, so that is found
for all triggers together, and only where waits overlap is looked at which of them start. What a plan has that is not
vectorised goes to the engine, with only those rows that its rules speak of.
"""
