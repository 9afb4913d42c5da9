"""The configuration: where it is looked for, what it may say, what goes before what."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.configured import BROKEN, CATALOG, CLEAN, NO_DELAY, UNNAMED, codes, connrules, write

from connrules.cli.configuration.keys import KEYS, Problem, read_table
from connrules.cli.configuration.layers import configured
from connrules.cli.formats import FORMATS


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CONNRULES_")]:
        monkeypatch.delenv(name)


def in_force(*arguments: str | Path, **environment: str) -> dict[str, tuple[Any, str]]:
    """By key, the value and where it came from."""
    result = connrules("config", *arguments, "--format", "json", **environment)
    assert result.exit_code == 0, result.output
    return {row["key"]: (row["value"], row["origin"]) for row in json.loads(result.stdout)["settings"]}


def errors(text: str, *arguments: str, **environment: str) -> list[str]:
    """What is said of a connrules.toml."""
    write("connrules.toml", text)
    write("a.conn", CLEAN)
    result = connrules("check", "a.conn", *arguments, **environment)
    assert (result.exit_code, result.stdout) == (2, "")
    *lines, remedy = result.stderr.splitlines()
    assert remedy == "  = help: docs/check.md shows a whole configuration"
    return [line.removeprefix("error: ") for line in lines]


# What a key may say

ACCEPTED = [
    ("as-of = 2026-03-01", "as-of", "2026-03-01T00:00:00Z"),
    ("as-of = 2026-03-01T09:00:00+01:00", "as-of", "2026-03-01T08:00:00Z"),
    ("as-of = 2026-03-01 09:00:00.5Z", "as-of", "2026-03-01T09:00:00.500Z"),
    ('as-of = "2026-03-01"', "as-of", "2026-03-01T00:00:00Z"),
    ('as-of = "2026-03-01T09:00:00Z"', "as-of", "2026-03-01T09:00:00Z"),
    ("select = []", "select", []),
    ('select = ["CR4", "send-loop", "cr601"]', "select", ["CR4", "send-loop", "cr601"]),
    ('ignore = ["CR"]', "ignore", ["CR"]),
    ('fail-on = "info"', "fail-on", "info"),
    *((f'format = "{name}"', "format", name) for name in FORMATS),
    ('[severity]\nCR4 = "error"\nsend-loop = "off"', "severity", {"CR4": "error", "send-loop": "off"}),
    ('[per-file-ignores]\n"old/*.conn" = ["CR6"]', "per-file-ignores", {"old/*.conn": ["CR6"]}),
    ('[naming]\nrules = "[a-z]+"', "naming", {"rules": "[a-z]+"}),
    ("naming = {}", "naming", {}),
]


@pytest.mark.parametrize(("text", "key", "value"), ACCEPTED)
def test_a_value_that_a_key_may_have(text: str, key: str, value: object) -> None:
    write("connrules.toml", text)
    assert in_force()[key] == (value, f"connrules.toml:{key}")


TEXTS = 'expected a list of texts, e.g. ["CR4", "send-loop"]'
NO_ZONE = "`2026-03-01T09:00:00` names no zone; add `Z` or an offset such as `+01:00`"
NO_PATTERN = "`(` is no regular expression: missing ), unterminated subpattern at position 0"
FITS_NOTHING = "`[` can fit nothing; write a path, in which `*` stands for anything in a name: `legacy/*.conn`"
KNOWN = "(known: catalog, as-of, select, ignore, fail-on, format, severity, per-file-ignores, naming)"
REFUSED = [
    ('selct = ["CR4"]', f"selct: unknown key; did you mean `select`? {KNOWN}"),
    ("as_of = 2026-03-01", f"as_of: unknown key; did you mean `as-of`? {KNOWN}"),
    ("zzz = 1", f"zzz: unknown key {KNOWN}"),
    ("catalog = 3", "catalog: expected text"),
    ('catalog = ""', "catalog: expected text"),
    ('catalog = "nowhere.toml"', "catalog: there is no file nowhere.toml"),
    ("as-of = 3", "as-of: expected a time: `2026-03-01` or `2026-03-01T09:00:00Z`"),
    ("as-of = 09:00:00", "as-of: expected a time: `2026-03-01` or `2026-03-01T09:00:00Z`"),
    (
        "as-of = 2026-03-01T09:00:00",
        "as-of: `2026-03-01T09:00:00` names no zone; add `Z` or an offset such as `+01:00`",
    ),
    ('as-of = "2026-02-30"', "as-of: `2026-02-30` is a date or time that does not exist"),
    ('as-of = "today"', "as-of: `today` is not a time; write `2026-03-01` or `2026-03-01T09:00:00Z`"),
    ('select = "CR4"', f"select: {TEXTS}"),
    ("select = [4]", "select[0]: expected text"),
    ('select = ["CR4", "CR9"]', "select[1]: there is no finding `CR9`; `connrules explain` lists them all"),
    (
        'ignore = ["sendloop"]',
        "ignore[0]: there is no finding `sendloop`; did you mean `send-loop`? `connrules explain` lists them all",
    ),
    ('fail-on = "warn"', "fail-on: expected one of error, warning, info; did you mean `warning`?"),
    ("fail-on = true", "fail-on: expected one of error, warning, info"),
    ('format = "sarf"', f"format: expected one of {', '.join(FORMATS)}; did you mean `sarif`?"),
    ("severity = 3", 'severity: expected a table, e.g. { CR602 = "off" }'),
    ('severity.CR4 = "fatal"', "severity.CR4: expected one of error, warning, info, off"),
    ("severity.CR4 = false", "severity.CR4: expected one of error, warning, info, off"),
    ('severity.CR9 = "off"', "severity.CR9: there is no finding `CR9`; `connrules explain` lists them all"),
    ("per-file-ignores = []", 'per-file-ignores: expected a table, e.g. { "legacy/*.conn" = ["CR6"] }'),
    ('per-file-ignores."a/*" = "CR6"', f'per-file-ignores."a/*": {TEXTS}'),
    (
        'per-file-ignores."a/*" = ["x"]',
        'per-file-ignores."a/*"[0]: there is no finding `x`; `connrules explain` lists them all',
    ),
    (
        'per-file-ignores."[" = ["CR6"]',
        f'per-file-ignores."[": {FITS_NOTHING}',
    ),
    ('naming.rule = "x"', "naming.rule: unknown key; did you mean `rules`? (known: rules)"),
    ("naming.rules = 3", "naming.rules: expected text"),
    (
        'naming.rules = "("',
        f"naming.rules: {NO_PATTERN}; write one that whole names match, e.g. `[a-z][a-z0-9_]*`",
    ),
]


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_a_value_that_a_key_may_not_have(text: str, problem: str) -> None:
    assert errors(text) == [f"connrules.toml: {problem}" if "no file" not in problem else f"connrules.toml:{problem}"]


def test_all_problems_are_said_at_once() -> None:
    text = 'selct = []\nselect = ["CR9", 3]\n[severity]\nCR9 = "of"\n'
    where = [line.split(": ")[1] for line in errors(text, "--ignore", "CR8", CONNRULES_AS_OF="soon")]
    assert where[:5] == ["selct", "select[0]", "select[1]", "severity.CR9", "severity.CR9"]
    assert [line.split(": ")[0] for line in errors(text, "--ignore", "CR8", CONNRULES_AS_OF="soon")[5:]] == [
        "CONNRULES_AS_OF",
        "--ignore[0]",
    ]


def test_what_is_not_toml() -> None:
    assert errors("select = [") == ["connrules.toml: not TOML: invalid value (at end of document)"]
    assert errors("a = " + "[" * 5_000) == ["connrules.toml: nested too deep for a configuration"]
    assert errors("a = " + "1" * 5_000) == ["connrules.toml: a number has more digits than can be read"]
    Path("connrules.toml").write_bytes(b"\xff")
    result = connrules("check", "a.conn")
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, "error: connrules.toml: the file is not UTF-8")


def test_a_byte_order_mark_is_no_matter() -> None:
    Path("connrules.toml").write_bytes(b'\xef\xbb\xbfselect = ["CR4"]\r\n')
    assert in_force()["select"] == (["CR4"], "connrules.toml:select")


_NAMES = st.sampled_from([*(key.name for key in KEYS), "rules", "CR4", "send-loop", "*.conn", "x"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.datetimes() | st.text() | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=4))
def test_whatever_a_file_says_is_a_setting_or_a_problem_with_a_place(table: dict[str, Any]) -> None:
    read = list(read_table(table, Path()))
    problems = [one for one in read if isinstance(one, Problem)]
    assert all(one.what for one in problems)
    settings = {one[0].name for one in read if not isinstance(one, Problem)}
    assert settings <= set(table)
    assert settings | {name for name in table if any(one.where.startswith(name) for one in problems)} == set(table)


# Where it is looked for


def test_the_nearest_folder_goes_first() -> None:
    write("connrules.toml", 'fail-on = "error"')
    write("shop/connrules.toml", 'fail-on = "info"')
    write("shop/rules/a.conn", CLEAN)
    assert in_force("shop/rules")["fail-on"] == ("info", "shop/connrules.toml:fail-on")
    assert in_force("shop/rules/a.conn")["fail-on"] == ("info", "shop/connrules.toml:fail-on")
    assert in_force("shop")["fail-on"] == ("info", "shop/connrules.toml:fail-on")
    assert in_force(".")["fail-on"] == ("error", "connrules.toml:fail-on")
    assert in_force()["fail-on"] == ("error", "connrules.toml:fail-on")


def test_the_first_path_decides() -> None:
    write("a/connrules.toml", 'fail-on = "error"')
    write("b/connrules.toml", 'fail-on = "info"')
    assert in_force("a", "b")["fail-on"][0] == "error"
    assert in_force("b", "a")["fail-on"][0] == "info"


def test_a_file_above_is_found_from_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    write("connrules.toml", 'catalog = "data/catalog.toml"')
    write("data/catalog.toml", CATALOG)
    write("rules/a.conn", CLEAN)
    monkeypatch.chdir("rules")
    assert in_force()["catalog"] == (str(Path("../data/catalog.toml")), "../connrules.toml:catalog")


def test_in_one_folder_connrules_toml_goes_first() -> None:
    write("pyproject.toml", '[tool.connrules]\nfail-on = "info"\n')
    assert in_force()["fail-on"] == ("info", "pyproject.toml:tool.connrules.fail-on")
    write("connrules.toml", "")
    assert in_force()["fail-on"] == ("warning", "default")


def test_a_pyproject_without_the_table_is_passed_by() -> None:
    write("connrules.toml", 'fail-on = "info"')
    write("shop/pyproject.toml", "[tool.other]\nx = 1\n")
    assert in_force("shop")["fail-on"][0] == "info"
    write("shop/pyproject.toml", "[tool.connrules]\n")
    assert in_force("shop")["fail-on"] == ("warning", "default")


def test_a_problem_in_a_pyproject_names_the_whole_key() -> None:
    write("pyproject.toml", '[tool.connrules]\nfail-on = "x"\n')
    [problem, _] = connrules("config").stderr.splitlines()
    assert problem == "error: pyproject.toml: tool.connrules.fail-on: expected one of error, warning, info"
    write("pyproject.toml", "[tool]\nconnrules = 3\n")
    assert "error: pyproject.toml: tool.connrules: expected a table" in connrules("config").stderr


def test_a_file_that_is_named_goes_before_the_nearest() -> None:
    write("connrules.toml", 'fail-on = "info"')
    write("ci.toml", 'fail-on = "error"')
    assert in_force("--config", "ci.toml")["fail-on"] == ("error", "ci.toml:fail-on")
    assert in_force("--no-config")["fail-on"] == ("warning", "default")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--config", "nowhere.toml"], "nowhere.toml: no such file or directory"),
        (["--config", "pyproject.toml"], "pyproject.toml: there is no table [tool.connrules] in it"),
        (["--config", "pyproject.toml", "--no-config"], "--config and --no-config go against each other"),
    ],
)
def test_a_file_that_cannot_be_named(arguments: list[str], problem: str) -> None:
    write("pyproject.toml", "")
    result = connrules("config", *arguments)
    assert (result.exit_code, result.stderr.splitlines()[0]) == (2, f"error: {problem}")


# What goes before what

LEVELS = [
    ("select", '["CR1"]', "CR2,CR201", "CR3", [["CR1"], ["CR2", "CR201"], ["CR3"]]),
    ("ignore", '["CR1"]', "CR2", "CR3,CR4", [["CR1"], ["CR2"], ["CR3", "CR4"]]),
    ("fail-on", '"error"', "info", "warning", ["error", "info", "warning"]),
    ("as-of", "2026-01-01", "2026-02-01", "2026-03-01", [f"2026-0{n}-01T00:00:00Z" for n in (1, 2, 3)]),
    ("catalog", '"x.toml"', "y.toml", "z.toml", ["x.toml", "y.toml", "z.toml"]),
]


@pytest.mark.parametrize(("key", "file", "variable", "flag", "values"), LEVELS, ids=[row[0] for row in LEVELS])
def test_flag_beats_environment_beats_file(key: str, file: str, variable: str, flag: str, values: list[object]) -> None:
    for name in "xyz":
        write(f"{name}.toml", CATALOG)
    write("connrules.toml", f"{key} = {file}")
    name = f"CONNRULES_{key.upper().replace('-', '_')}"
    assert in_force()[key] == (values[0], f"connrules.toml:{key}")
    assert in_force(**{name: variable})[key] == (values[1], name)
    assert in_force(f"--{key}", flag, **{name: variable})[key] == (values[2], f"--{key}")
    assert in_force(**{name: ""})[key] == (values[0], f"connrules.toml:{key}")  # empty is as good as not set


def test_a_configuration_of_what_is_not_there() -> None:
    result = connrules("config", "nope")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: nope: no such file or directory\n  = help: ")
    assert connrules("config", "-").exit_code == 0


def test_tables_come_from_the_environment_as_toml() -> None:
    said = in_force(
        CONNRULES_SEVERITY='{ CR4 = "error" }',
        CONNRULES_PER_FILE_IGNORES='{ "x.conn" = ["CR6"] }',
        CONNRULES_NAMING='{ rules = "x+" }',
    )
    assert said["severity"] == ({"CR4": "error"}, "CONNRULES_SEVERITY")
    assert said["per-file-ignores"] == ({"x.conn": ["CR6"]}, "CONNRULES_PER_FILE_IGNORES")
    assert said["naming"] == ({"rules": "x+"}, "CONNRULES_NAMING")
    result = connrules("config", CONNRULES_SEVERITY="CR4=error")
    assert result.exit_code == 2
    assert 'error: CONNRULES_SEVERITY: expected a table as TOML has it, e.g. { CR602 = "off" }' in result.stderr
    result = connrules("config", CONNRULES_NAMING='rules="x"')
    assert 'error: CONNRULES_NAMING: expected a table as TOML has it, e.g. { rules = "[a-z_]+" }' in result.stderr


def test_a_flag_may_be_given_several_times_and_may_say_that_there_is_nothing() -> None:
    write("connrules.toml", 'ignore = ["CR6"]')
    assert in_force("--ignore", "CR1,CR2", "--ignore", " CR3 ")["ignore"][0] == ["CR1", "CR2", "CR3"]
    assert in_force("--ignore", "")["ignore"] == ([], "--ignore")


def test_by_default_nothing_is_set() -> None:
    assert {origin for _, origin in in_force().values()} == {"default"}
    assert list(in_force()) == [key.name for key in KEYS]
    assert configured([Path()]).path is None


# What it does


def test_the_table_for_people() -> None:
    write("connrules.toml", 'select = ["CR4"]\n')
    write("shop/catalog.toml", CATALOG)
    rows = connrules("config", "shop", CONNRULES_FAIL_ON="info").stdout.splitlines()
    assert [row.split(maxsplit=1)[0] for row in rows] == [key.name for key in KEYS]
    assert [row.split(maxsplit=1)[1] for row in rows[:5]] == [
        '"shop/catalog.toml"  found in shop',
        "now                  default",
        '["CR4"]              connrules.toml:select',
        "none                 default",
        '"info"               CONNRULES_FAIL_ON',
    ]


def test_select_ignore_severity_naming_and_per_file_ignores_act() -> None:
    write("rules/a.conn", UNNAMED)
    write("rules/old/b.conn", 'on event "seen" send "D"\n')
    write("rules/late.conn", NO_DELAY)
    concise = ("check", "rules", "--format", "concise")
    assert codes(connrules(*concise)) == ["CR602", "CR308", "CR602"]
    write("connrules.toml", 'ignore = ["zero-delay"]\n[per-file-ignores]\n"rules/old/" = ["CR6"]\n')
    assert codes(connrules(*concise)) == ["CR602"]
    write("connrules.toml", '[severity]\nCR602 = "error"\nCR3 = "off"\n')
    result = connrules(*concise)
    assert (result.exit_code, codes(result)) == (1, ["CR602", "CR602"])
    write("connrules.toml", 'select = ["CR603"]\n[naming]\nrules = "x_.*"\n')
    assert codes(connrules(*concise)) == ["CR603"]
    assert codes(connrules(*concise, "--no-config")) == ["CR602", "CR308", "CR602"]


def test_patterns_of_files_begin_where_the_configuration_is(monkeypatch: pytest.MonkeyPatch) -> None:
    write("connrules.toml", 'select = ["CR6"]\n[per-file-ignores]\n"/old/*.conn" = ["CR6"]\n')
    for name in ("old/[a].conn", "old/a.conn", "new/a.conn", "new/old/a.conn"):
        write(name, UNNAMED)
    kept = ["new/a.conn", "new/old/a.conn"]

    def told(*arguments: str) -> list[str]:
        result = connrules("check", *arguments, "--format", "concise", "--select", "CR602")
        return [row.split(":")[0] for row in result.stdout.splitlines()]

    assert told(".") == kept
    monkeypatch.chdir("new")
    assert told("..") == [f"../{path}" for path in kept]
    monkeypatch.chdir("../old")
    assert told(".") == []
    assert told("..", "--no-config") == ["../new/a.conn", "../new/old/a.conn", "../old/[a].conn", "../old/a.conn"]


def test_fail_on_and_exit_zero() -> None:
    write("info.conn", UNNAMED)
    write("warning.conn", NO_DELAY)
    write("error.conn", BROKEN)
    ends = {
        (path, least): connrules("check", f"{path}.conn", "--fail-on", least).exit_code
        for path in ("info", "warning", "error")
        for least in ("info", "warning", "error")
    }
    failing = {pair for pair, code in ends.items() if code == 1}
    assert failing == {
        ("info", "info"),
        ("warning", "info"),
        ("warning", "warning"),
        ("error", "info"),
        ("error", "warning"),
        ("error", "error"),
    }
    assert set(ends.values()) == {0, 1}
    assert connrules("check", "error.conn", "--exit-zero").exit_code == 0
    assert connrules("check", "nowhere.conn", "--exit-zero").exit_code == 2


@pytest.mark.parametrize("command", ["check", "compile", "test", "run", "why"])
def test_every_command_uses_the_catalog_of_the_configuration(command: str) -> None:
    write("connrules.toml", 'catalog = "data/catalog.toml"')
    write("data/catalog.toml", CATALOG.replace('"A"', '"Z"'))
    write("shop/catalog.toml", CATALOG)
    write("shop/rules.conn", CLEAN)
    write("shop/events.jsonl", "")
    extra = ("--user", "ana") if command == "why" else ()
    unknown = connrules(command, "shop", *extra)
    assert (unknown.exit_code, "CR201" in unknown.output) == (1, True)
    named = connrules(command, "shop", "--catalog", "shop/catalog.toml", *extra)
    assert "CR201" not in named.output
    variable = connrules(command, "shop", *extra, CONNRULES_CATALOG="shop/catalog.toml")
    assert "CR201" not in variable.output


def test_a_configuration_that_is_wrong_stops_every_command_that_asks_it() -> None:
    write("connrules.toml", "selct = []")
    write("a.conn", CLEAN)
    write("catalog.toml", CATALOG)
    result = connrules("compile", "a.conn")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "connrules.toml: selct: unknown key" in result.stderr
    assert connrules("compile", "a.conn", "--catalog", "catalog.toml").exit_code == 0


def test_a_plan_is_not_written_over_the_configuration() -> None:
    text = 'catalog = "catalog.toml"\n'
    write("connrules.toml", text)
    write("catalog.toml", CATALOG)
    write("a.conn", CLEAN)
    result = connrules("compile", "a.conn", "--output", "connrules.toml")
    assert (result.exit_code, Path("connrules.toml").read_text(encoding="utf-8")) == (2, text)


def test_a_catalog_that_is_not_there_does_not_matter_where_another_is_named() -> None:
    write("connrules.toml", 'catalog = "nowhere.toml"')
    write("catalog.toml", CATALOG)
    write("a.conn", CLEAN)
    assert connrules("check", "a.conn").exit_code == 2
    assert connrules("check", "a.conn", "--catalog", "catalog.toml", "--as-of", "2026-03-01").exit_code == 0
    missing = connrules("check", "a.conn", CONNRULES_CATALOG="gone.toml")
    assert missing.stderr.startswith("error: CONNRULES_CATALOG: there is no file gone.toml\n")


def test_the_date_of_the_configuration_counts() -> None:
    write("a.conn", CLEAN)
    write("catalog.toml", CATALOG)
    write("connrules.toml", 'catalog = "catalog.toml"\nas-of = 2026-06-01\n')
    assert "CR205" in connrules("check", "a.conn").stdout
    assert connrules("check", "a.conn", CONNRULES_AS_OF="2026-03-01").exit_code == 0
    assert connrules("check", "a.conn", "--as-of", "2026-03-01", CONNRULES_AS_OF="2026-06-01").exit_code == 0


def test_the_format_of_the_configuration_counts() -> None:
    write("a.conn", CLEAN)
    write("connrules.toml", 'format = "json"')
    assert json.loads(connrules("check", "a.conn").stdout)["findings"] == []
    assert connrules("check", "a.conn", "--format", "concise").stdout == ""


# Variables that are none


def test_a_variable_that_is_nearly_one_is_told_and_does_nothing() -> None:
    write("a.conn", CLEAN)
    note = "the variable CONNRULES_SELET means nothing to connrules; did you mean CONNRULES_SELECT?\n"
    plain, with_note = connrules("config"), connrules("config", CONNRULES_SELET="CR8")
    assert (with_note.exit_code, with_note.stdout, with_note.stderr) == (0, plain.stdout, note)
    checked = connrules("check", "a.conn", "--format", "json", CONNRULES_SELET="CR8")
    assert (checked.exit_code, checked.stderr) == (0, note)
    assert json.loads(checked.stdout)["findings"] == []


@pytest.mark.parametrize("name", ["CONNRULES_TRACEBACK", "CONNRULES_AS_OF", "CONNRULES_DEPLOY_HOST", "CONNRULE_SELET"])
def test_other_variables_are_nobodys_concern(name: str) -> None:
    assert connrules("config", **{name: ""}).stderr == ""
