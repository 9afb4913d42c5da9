"""`connrules check --changed-since REF`: real repositories of git."""

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import Result
from tests.cli.configured import CATALOG, codes, connrules, write

TWO = """\
rule one:
  on session_start
  after 0s
  send "A"

rule two:
  on purchase
  after 0s
  send "B"
"""
"""Two rules, each with one warning: CR308."""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}.items():
        monkeypatch.setenv(name, value)
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "tests")
    monkeypatch.delenv("CONNRULES_SELECT", raising=False)


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout


def commit(message: str = "more") -> None:
    git("add", "--all")
    git("commit", "--quiet", "--allow-empty", "--message", message)


@pytest.fixture
def repository() -> None:
    """A repository with the branch `main` that has the two rules, and the branch `work` that is checked out."""
    git("init", "--quiet", "--initial-branch", "main")
    write("rules/a.conn", TWO)
    commit()
    git("switch", "--quiet", "--create", "work")


def check(*arguments: str, since: str = "main", **environment: str) -> Result:
    options = ("--changed-since", since, "--format", "concise", "--select", "CR3")
    return connrules("check", *(arguments or ("rules",)), *options, **environment)


def places(result: Result) -> list[str]:
    """Files and lines of what is reported."""
    return [":".join(row.split(":")[:2]) for row in result.stdout.splitlines()]


@pytest.mark.usefixtures("repository")
def test_nothing_has_changed() -> None:
    result = check()
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith(
        "no findings in 1 file (2 rules); only what changed since main, 2 findings elsewhere\n"
    )


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("committed", [False, True], ids=["not committed", "committed"])
def test_a_line_of_a_rule_has_changed(*, committed: bool) -> None:
    write("rules/a.conn", TWO.replace('"B"', '"C"'))
    if committed:
        commit()
    result = check()
    assert (result.exit_code, places(result)) == (1, ["rules/a.conn:8"])
    assert "found 1 warning in 1 file (2 rules); only what changed since main, 1 finding elsewhere" in result.stderr


@pytest.mark.usefixtures("repository")
def test_what_is_staged_counts_too() -> None:
    write("rules/a.conn", TWO.replace('"B"', '"C"'))
    git("add", "--all")
    assert places(check()) == ["rules/a.conn:8"]


@pytest.mark.usefixtures("repository")
def test_a_line_that_is_gone_changes_its_rule_and_no_other() -> None:
    write("rules/a.conn", TWO.replace('  send "A"', '  once\n  send "A"'))
    git("switch", "--quiet", "main")
    commit()
    git("switch", "--quiet", "--create", "again")
    write("rules/a.conn", TWO)
    assert places(check()) == ["rules/a.conn:3"]


@pytest.mark.usefixtures("repository")
def test_a_rule_that_moved_down_has_not_changed() -> None:
    write("rules/a.conn", f'# more\n\nrule new:\n  on event "x"\n  after 0s\n  send "N"\n\n\n{TWO}')
    assert places(check()) == ["rules/a.conn:5"]


@pytest.mark.usefixtures("repository")
def test_a_rule_beside_one_that_is_gone_has_not_changed() -> None:
    write("rules/a.conn", TWO.partition("\n\n")[2])
    assert places(check()) == []


@pytest.mark.usefixtures("repository")
def test_a_comment_right_above_a_rule_or_in_it_is_part_of_it() -> None:
    write("rules/a.conn", TWO.replace("rule two", "# of two\nrule two"))
    assert places(check()) == ["rules/a.conn:9"]
    write("rules/a.conn", TWO.replace("on purchase", "on purchase  # bought"))
    assert places(check()) == ["rules/a.conn:8"]
    write("rules/a.conn", "# of the whole file\n\n" + TWO)
    assert places(check()) == []


@pytest.mark.usefixtures("repository")
def test_what_main_did_meanwhile_is_no_change_of_the_branch() -> None:
    git("switch", "--quiet", "main")
    write("rules/a.conn", TWO.replace('"B"', '"C"'))
    commit()
    git("switch", "--quiet", "work")
    assert places(check()) == []
    assert places(check(since="main~1")) == []


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("ignored", [False, True], ids=["untracked", "ignored by git"])
def test_a_new_file_counts_as_a_whole(*, ignored: bool) -> None:
    write("rules/b.conn", 'rule b:\n  on event "x"\n  after 0s\n  send "N"\n')
    if ignored:
        write(".git/info/exclude", "b.conn\n")
    assert places(check()) == ["rules/b.conn:3"]


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("name", ["b.conn", "ä b\t.conn", "deep/er/a.conn"])
def test_a_file_that_git_knows_to_be_renamed_is_what_it_was(name: str) -> None:
    Path("rules", name).parent.mkdir(parents=True, exist_ok=True)
    git("mv", "rules/a.conn", f"rules/{name}")
    assert places(check()) == []
    write(f"rules/{name}", TWO.replace('"B"', '"C"'))
    git("add", "--all")
    assert len(places(check())) == 1


@pytest.mark.usefixtures("repository")
def test_line_ends_are_no_change() -> None:
    Path("rules/a.conn").write_bytes(TWO.replace("\n", "\r\n").encode())
    assert places(check()) == []


@pytest.mark.usefixtures("repository")
def test_a_finding_about_two_rules_is_reported_where_either_has_changed() -> None:
    same = '  on session_start\n  after 1d\n  send "A"\n'
    both = f"rule one:\n{same}\nrule two:\n{same}"
    write("rules/a.conn", both.replace("1d", "2d", 1))
    commit()
    git("branch", "--force", "main")
    write("rules/a.conn", both)
    result = connrules("check", "rules", "--changed-since", "main", "--format", "concise", "--select", "CR504")
    assert codes(result) == ["CR504"]
    assert places(result) == ["rules/a.conn:6"]  # rule one has changed, and rule two is the duplicate


FIRST = 'rule first:\n  on purchase\n  after 1d\n  unless session_start\n  send "A"\n'
FOLLOWS = """\
segment vip = user.n > 3

segment big = user.n > 5

rule follow:
  on sent first
  after 0s
  send "B"

rule seggy:
  on event "E1"
  if in segment vip and in segment big
  send "C"

on cancelled first
send "D"

rule last:
  on event "E2"
  after 1h
  send "F"

test "t1":
  at 0s event "E2"
  expect sent "F" at 1h
"""


@pytest.mark.parametrize(
    ("place", "old", "new", "found"),
    [
        ("rules/a.conn", "first", "first_one", ["CR219 follow:", "CR219 on cancelled first"]),
        ("rules/a.conn", FIRST, None, ["CR219 follow:", "CR219 on cancelled first"]),
        ("rules/a.conn", "  unless session_start\n", "", ["CR507 on cancelled first"]),
        ("rules/b.conn", "segment vip = user.n > 3\n\n", "", ["CR218 seggy:"]),
        ("rules/b.conn", "user.n > 3", "user.n < 3", ["CR510 seggy:"]),
        ("rules/b.conn", '"F"\n\n', '"G"\n\n', ["CR714 t1:"]),
        ("rules/b.conn", "\nrule last", "\n# more\n\n\nrule last", []),
    ],
    ids=[
        "a rule is renamed",
        "a file is deleted",
        "an exception is gone",
        "a segment is gone",
        "a segment is another",
        "a rule sends something else",
        "only lines moved",
    ],
)
@pytest.mark.usefixtures("repository")
def test_what_a_change_does_to_what_has_not_changed(place: str, old: str, new: str | None, found: list[str]) -> None:
    write("rules/a.conn", FIRST)
    write("rules/b.conn", FOLLOWS)
    commit()
    git("branch", "--force", "main")
    text = Path(place).read_text()
    assert old in text
    Path(place).unlink()
    if new is not None:
        write(place, text.replace(old, new))
    after = connrules("check", "rules", "--changed-since", "main", "--format", "concise", "--select", "CR2,CR5,CR7,CR3")
    assert [told for told in described(after) if told.startswith("CR3")] == []  # `after 0s` was there before
    assert described(after) == found
    assert after.exit_code == (1 if found else 0)


def described(result: Result) -> list[str]:
    """The code of each finding, with what it stands in."""
    return [f"{code} {_declaration(place)}" for code, place in zip(codes(result), places(result), strict=True)]


def _declaration(place: str) -> str:
    file, line = place.split(":")
    above = reversed(Path(file).read_text().splitlines()[: int(line)])
    begun = next(row for row in above if row.startswith(("rule", "test", "on ")))
    return begun.removeprefix("rule ").replace('test "t1"', "t1")


@pytest.mark.usefixtures("repository")
def test_a_rule_without_a_name_is_known_wherever_it_moves() -> None:
    unnamed = 'on purchase\nafter 1d\nsend "A"\n'
    write("rules/a.conn", f"{unnamed}\n{unnamed}")
    commit()
    git("branch", "--force", "main")
    write("rules/a.conn", f"# more\n\n{unnamed}\n{unnamed}")
    result = connrules("check", "rules", "--changed-since", "main", "--format", "concise", "--select", "CR5")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 finding elsewhere" in result.stderr


@pytest.mark.usefixtures("repository")
def test_files_that_are_hidden_or_elsewhere_were_no_part_of_the_rule_set() -> None:
    write("rules/b.conn", 'rule b:\n  on sent hidden or sent elsewhere or sent gone\n  after 1d\n  send "B"\n')
    for place in ("rules/.x/hidden.conn", "elsewhere.conn", "rules/deep/gone.conn"):
        write(place, f"rule {Path(place).stem}:\n  on purchase\n  send A\n")
    commit()
    git("branch", "--force", "main")
    Path("rules/deep/gone.conn").unlink()
    result = connrules("check", "rules", "--changed-since", "main", "--format", "concise", "--select", "CR2")
    assert [row.partition("CR219")[2] for row in result.stdout.splitlines()] == [
        "[unknown-rule-reference] there is no rule `gone`"
    ]


@pytest.mark.usefixtures("repository")
def test_from_inside_a_folder_and_by_other_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write("rules/a.conn", TWO.replace('"B"', '"C"'))
    assert places(check(str(tmp_path / "rules" / "a.conn"))) == [f"{tmp_path}/rules/a.conn:8"]
    monkeypatch.chdir("rules")
    assert places(check(".")) == ["a.conn:8"]
    monkeypatch.chdir("/")
    assert places(check(str(tmp_path / "rules"))) == [f"{tmp_path}/rules/a.conn:8"]


@pytest.mark.usefixtures("repository")
def test_in_a_hook_of_another_repository() -> None:
    write("rules/a.conn", TWO.replace('"B"', '"C"'))
    assert places(check(GIT_DIR="elsewhere/.git", GIT_INDEX_FILE="elsewhere/index")) == ["rules/a.conn:8"]


@pytest.mark.usefixtures("repository")
def test_a_new_catalog_changes_everything() -> None:
    write("catalog.toml", CATALOG)
    commit()
    git("branch", "--force", "main")
    assert places(check("rules", "--catalog", "catalog.toml")) == []
    write("catalog.toml", CATALOG + '\n[[campaigns]]\nname = "C"\n')
    result = check("rules", "--catalog", "catalog.toml")
    assert places(result) == ["rules/a.conn:3", "rules/a.conn:8"]
    assert "\ncatalog.toml has changed since main: everything is reported\n" in result.stderr
    assert "only what changed" not in result.stderr


@pytest.mark.usefixtures("repository")
def test_a_catalog_that_is_not_kept_in_git_is_no_part_of_a_change(tmp_path_factory: pytest.TempPathFactory) -> None:
    write("catalog.toml", CATALOG)
    assert len(places(check("rules", "--catalog", "catalog.toml"))) == 2  # it is about to be added
    write(".git/info/exclude", "catalog.toml\n")
    assert places(check("rules", "--catalog", "catalog.toml")) == []
    outside = write(tmp_path_factory.mktemp("outside") / "catalog.toml", CATALOG)
    assert places(check("rules", "--catalog", str(outside))) == []


@pytest.mark.usefixtures("repository")
def test_a_new_configuration_changes_everything() -> None:
    write("pyproject.toml", '[project]\nversion = "1"\n[tool.connrules]\nfail-on = "error"\n')
    commit()
    git("branch", "--force", "main")
    assert places(check()) == []
    write("pyproject.toml", '[project]\nversion = "2"\n[tool.connrules]\nfail-on = "error"\n')
    assert places(check()) == []
    write("pyproject.toml", '[project]\nversion = "2"\n[tool.connrules]\nfail-on = "info"\n')
    assert len(places(check())) == 2


@pytest.mark.usefixtures("repository")
def test_the_text_of_standard_input_is_what_has_changed() -> None:
    arguments = ("check", "rules", "-", "--stdin-filename", "rules/a.conn", "--changed-since", "main")
    result = connrules(*arguments, "--format", "concise", "--select", "CR3", given=TWO.replace('"B"', '"C"'))
    assert places(result) == ["rules/a.conn:8"]


def assert_refused(result: Result, why: str) -> None:
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: --changed-since: {why}")
    assert "\n  = help: " in result.stderr


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("ref", ["nowhere", "--all", "", "main..work", "a b"])
def test_no_such_revision(ref: str) -> None:
    assert_refused(check(since=ref), f"there is no revision `{ref}` in ")


@pytest.mark.usefixtures("repository")
def test_a_revision_that_has_nothing_in_common() -> None:
    git("switch", "--quiet", "--orphan", "lonely")
    write("rules/a.conn", TWO)
    commit("not the same commit as that of main, though made in the same second")
    assert_refused(check(), "`main` has nothing in common with what is checked out")


@pytest.mark.usefixtures("repository")
def test_a_revision_that_was_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit()
    git("clone", "--quiet", "--depth", "1", f"file://{tmp_path}", "shallow")
    monkeypatch.chdir("shallow")
    result = check(since="main")
    assert_refused(result, "there is no revision `main` in ")
    assert "git fetch --unshallow; in GitHub Actions, fetch-depth: 0" in result.stderr


def test_no_repository() -> None:
    write("rules/a.conn", TWO)
    assert_refused(check(), "not a git repository")


@pytest.mark.usefixtures("repository")
def test_no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    assert_refused(check(), "git cannot be run")
