"""What README.md and docs/embedding.md show is so: their programs run, their answers are what comes out."""

import re
import subprocess
import sys
from pathlib import Path

import prometheus_client
import pytest

import connrules
from connrules.connectors.prometheus import PrometheusObserver

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EMBEDDING = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
STORY = ROOT / "examples" / "abandoned-cart"


def blocks(page: str, label: str) -> list[str]:
    return re.findall(rf"^```{label}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def command(*arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "connrules", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    events, _ = blocks(README, "json")
    rules, tests = blocks(README, "conn")
    (tmp_path / "rules.conn").write_text(rules, encoding="utf-8")
    (tmp_path / "tests.conn").write_text(tests, encoding="utf-8")
    (tmp_path / "catalog.toml").write_text(blocks(README, "toml")[0], encoding="utf-8")
    (tmp_path / "events.jsonl").write_text(events, encoding="utf-8")
    return tmp_path


def test_the_answer_is_the_one_shown(folder: Path) -> None:
    assert command("run", ".", folder=folder) == blocks(README, "json")[1]


def test_the_rules_shown_are_clean(folder: Path) -> None:
    assert command("check", ".", folder=folder) == ""


def test_the_tests_shown_pass(folder: Path) -> None:
    assert command("test", ".", "--quiet", folder=folder) == "4 passed\n"


def test_the_reason_is_the_one_shown(folder: Path) -> None:
    assert command("why", ".", "--user", "ben", folder=folder) == blocks(README, "text why")[0]


def test_the_finding_looks_as_shown(tmp_path: Path) -> None:
    (tmp_path / "carts.conn").write_text(
        'rule spring_sale:\n  on opened_email of "Spring Sale"\n  unless purchase\n  send "Spring Sale Thanks"\n',
        encoding="utf-8",
    )

    assert command("check", "carts.conn", folder=tmp_path).strip() == blocks(README, "text")[0].strip()


def test_the_library_does_as_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    [program] = blocks(README, "python")

    exec(compile(program, "README.md", "exec"), {})

    assert capsys.readouterr().out == "sent ana Cart Reminder\n"


def test_the_look_up_of_profiles_does_as_shown() -> None:
    checked = connrules.loads('on purchase if user.country = "FR" send X')
    [program] = blocks(EMBEDDING, "python profiles")
    names = {"connrules": connrules, "plan": connrules.compile_rules(checked)}

    exec(compile(program, "embedding.md", "exec"), names)

    engine = names["engine"]
    assert isinstance(engine, connrules.Engine)
    events = [connrules.Event(user=user, type="purchase", time=0) for user in ("ana", "ben")]
    assert [(o.user, o.kind) for o in engine.feed_many(events)] == [("ana", "sent"), ("ben", "ignored")]


def test_the_worker_does_as_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(command("compile", str(STORY), folder=ROOT), encoding="utf-8")
    events = tmp_path / "events.jsonl"
    events.write_bytes((STORY / "events.jsonl").read_bytes() + b"not an event\n")
    [program] = blocks(EMBEDDING, "python")

    exec(compile(program, "embedding.md", "exec"), {"PLAN_FILE": plan, "EVENTS_FILE": events})

    lines = capsys.readouterr().out.splitlines()
    sent = [line for line in lines if line.endswith("Cart Reminder")]
    assert len(sent) == len((STORY / "expected.jsonl").read_text(encoding="utf-8").splitlines())
    assert any(line.startswith("rejected: not JSON") for line in lines)
    assert lines[-1] == "pending ivy"


def test_observers_see_figures_as_shown(capsys: pytest.CaptureFixture[str]) -> None:
    names = {"connrules": connrules, "plan": connrules.compile_rules(connrules.loads("on purchase after 1d send X"))}
    [own], [ready] = blocks(EMBEDDING, "python observer"), blocks(EMBEDDING, "python prometheus")

    exec(compile(own, "embedding.md", "exec"), names)
    assert capsys.readouterr().out == "1 events, 0 sends pending, 0 late\n"

    exec(compile(ready, "embedding.md", "exec"), names)
    engine, observer = names["engine"], names["observer"]
    assert isinstance(engine, connrules.Engine)
    assert isinstance(observer, PrometheusObserver)
    prometheus_client.REGISTRY.unregister(observer)
    engine.feed(connrules.Event(user="ana", type="purchase", time=0))
    page = EMBEDDING.partition("| metric |")[2].partition("\n\n")[0]
    told = set(re.findall(r"`(connrules_\w+?)(?:_total)?(?:\{.*?\})?`", page))
    assert {metric.name for metric in observer.collect()} == told


def test_rules_are_replaced_as_shown() -> None:
    plans = [connrules.compile_rules(connrules.loads(f"rule r: on purchase after {n}d send X")) for n in (3, 1, 2)]
    [program] = blocks(EMBEDDING, "python replace")
    engine = connrules.Engine(plans[0])
    engine.feed(connrules.Event(user="ana", type="purchase", time=0))
    names: dict[str, object] = {"engine": engine, "plan": plans[1], "next_plan": plans[2]}

    exec(compile(program, "embedding.md", "exec"), names)

    assert names["outcomes"] == []
    assert [(o.user, o.due) for o in engine.pending()] == [("ana", 172_800_000)]


def test_rules_are_checked_as_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    [program] = blocks(EMBEDDING, "python check")
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"connrules": connrules}

    exec(compile(program, "embedding.md", "exec"), names)

    report = names["report"]
    assert isinstance(report, connrules.Report)
    assert [rule.name for rule in report.checked.rules] == ["cart_reminder"]
    assert capsys.readouterr().out == ""
    exec(compile(program.replace("[a-z]", "[A-Z]"), "embedding.md", "exec"), names)
    assert "examples/abandoned-cart/rules.conn:" in capsys.readouterr().out
