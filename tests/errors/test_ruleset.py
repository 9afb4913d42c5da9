"""What only shows over several files, several catalogs, or none: order, duplicates across files, skipped checks."""

import sys

import pytest

from connrules.catalog import Campaign, Catalog, CustomEvent, User
from connrules.check import Checked, check
from connrules.codes import CODES
from connrules.diagnostic import Severity
from connrules.syntax.parser import parse
from connrules.text import SourceText

FRENCH = User(attributes={"country": "string"})


def checked(*texts: str, catalog: Catalog | None = None, as_of: int | None = None) -> Checked:
    files = [parse(SourceText(f"{name}.conn", text)) for name, text in zip("zyxw", texts, strict=False)]
    return check(files, catalog, as_of)


def test_findings_come_in_the_order_of_the_files_and_not_of_their_names() -> None:
    result = checked("on purchse send A\non opened_push send A", "on purchase", "on purchse send B")
    assert [(f.source.path, f.code) for f in result.diagnostics] == [
        ("z.conn", "CR106"),
        ("z.conn", "CR213"),
        ("y.conn", "CR104"),
        ("x.conn", "CR106"),
    ]


def test_names_are_unique_across_files() -> None:
    result = checked("rule a: on purchase send A", 'rule b: on session_start send B\nrule a: on event "E" send C')
    (finding,) = result.diagnostics
    assert finding.code == "CR112"
    assert finding.label == "the first one is in z.conn, line 1"


def test_rules_are_compared_across_files() -> None:
    result = checked("on purchase send A", "on purchase send A")
    (finding,) = result.diagnostics
    assert (finding.code, finding.label) == ("CR504", "that one is in z.conn, line 1")


def test_rules_are_named_by_file_and_line_where_they_have_no_name() -> None:
    result = checked("\n\non purchase send A\nrule b: on session_start send A")
    assert [rule.name for rule in result.rules] == ["z.conn:3", "b"]


def test_bytes_that_are_no_text_are_one_finding_and_cost_one_rule() -> None:
    data = "rule a: on purchase send A\n\nrule b: on purchase sénd é\n\nrule c: on session_start send C".encode(
        "latin-1"
    )
    result = check([parse(SourceText.decode(data, "a.conn"))])
    assert [f.code for f in result.diagnostics] == ["CR111"]
    assert [rule.name for rule in result.rules] == ["a", "c"]


def test_without_a_catalog_the_checks_that_need_one_are_skipped() -> None:
    assert checked("", as_of=0).skipped == tuple(c.code for c in CODES.values() if c.needs_catalog)
    assert "CR401" in checked("").skipped


def test_without_a_date_the_checks_that_need_one_are_skipped() -> None:
    everything = Catalog(events=(), user=FRENCH)
    assert checked("", catalog=everything).skipped == tuple(c.code for c in CODES.values() if c.dated)


def test_a_catalog_that_lists_no_events_or_no_attributes_skips_the_checks_of_each() -> None:
    assert checked("", catalog=Catalog(user=FRENCH), as_of=0).skipped == ("CR203",)
    assert checked("", catalog=Catalog(events=()), as_of=0).skipped == ("CR215", "CR216", "CR217")
    text = 'on event "E" if user.language = "fr" next monday at 09:00 local send A'
    result = checked(text, catalog=Catalog(campaigns=(Campaign(name="A"),)), as_of=0)
    assert result.diagnostics == ()


def test_nothing_is_skipped_where_everything_is_there() -> None:
    assert checked("", catalog=Catalog(events=(CustomEvent(name="E"),), user=FRENCH), as_of=0).skipped == ()


def test_errors_of_one_rule_do_not_keep_others_from_being_checked() -> None:
    result = checked("on purchse unless purchase send A\n\non purchase unless session_start send A")
    assert [f.code for f in result.diagnostics] == ["CR106", "CR301", "CR301"]
    assert [f.code for f in result.errors] == ["CR106", "CR301", "CR301"]


def test_only_errors_keep_a_rule_set_from_running() -> None:
    result = checked("on purchase after 0s send A")
    assert [f.severity for f in result.diagnostics] == [Severity.WARNING]
    assert result.errors == ()


def test_names_in_other_unicode_forms_are_equal() -> None:
    catalog = Catalog(campaigns=(Campaign(name="Cafe\u0301"),))
    assert checked('on received_push of "Caf\u00e9" once send "Cafe\u0301"', catalog=catalog).diagnostics == ()


def test_an_id_is_an_id_even_where_it_looks_like_another_name() -> None:
    catalog = Catalog(campaigns=(Campaign(name="Other", id="abandoned-cart"), Campaign(name="Abandoned Cart")))
    (finding,) = checked('on received_push of "abandoned-cart" send "Other"', catalog=catalog).diagnostics
    assert (finding.code, finding.help.partition(";")[0]) == (
        "CR201",
        '`abandoned-cart` is the id of the campaign "Other"',
    )


def test_an_exception_that_no_campaign_of_any_can_have() -> None:
    text = "on received_push of any after 1d unless opened_email once send A"
    one = Campaign(name="A", channels=("push",))
    other = Campaign(name="B", channels=("push",))
    email = Campaign(name="C", channels=("email",))
    both = Campaign(name="D", channels=("email", "push"))

    def messages(*campaigns: Campaign) -> list[str]:
        return [f"{f.code} {f.message}" for f in checked(text, catalog=Catalog(campaigns=campaigns)).diagnostics]

    never = "can never happen:"
    assert messages(one, email) == [f"CR302 `opened_email` of `A` {never} it has no email channel"]
    assert messages(one, other) == [
        f"CR302 `opened_email` {never} none of the campaigns that it can be about has the email channel"
    ]
    assert messages(one, both) == []
    assert messages(one, Campaign(name="E")) == []


ALONE = 'rule r{0}: on received_push of "C{0}" after 1d unless opened_push or purchase send "C{0}"'
CHAINED = 'rule r{0}: on sent r{1} send "C{0}"'
IN_LOOPS = 'rule r{0}: on sent r{2} once send "C{0}"'
WITH_SEGMENTS = (
    'segment s{0} = user.age > {0} or in segment s{1}\nrule r{0}: on purchase if in segment s{0} send "C{0}"'
)
WITH_TESTS = 'rule r{0}: on purchase send "C{0}"\ntest "t{0}": at 0s purchase expect sent "C{0}" by r{0}'
TO_ALL = 'rule r{0}: on received_push of any after 1d until 2030-01-01 send "C{0}"'


@pytest.mark.parametrize("template", [ALONE, CHAINED, IN_LOOPS, WITH_SEGMENTS, WITH_TESTS, TO_ALL])
def test_checking_costs_what_the_rules_cost_and_not_their_pairs(template: str) -> None:
    catalog = Catalog(campaigns=tuple(Campaign(name=f"C{i}", channels=("push",)) for i in range(800)))
    head = "rule r: on purchase send C0\nsegment s = user.age > 18\n"

    def calls(count: int) -> int:
        text = "\n".join(template.format(i, i - 1 if i else "", i ^ 1) for i in range(count))
        files = [parse(SourceText("a.conn", head + text))]
        made = 0

        def note(*_: object) -> None:
            nonlocal made
            made += 1

        sys.setprofile(note)
        try:
            check(files, catalog)
        finally:
            sys.setprofile(None)
        return made

    # Below a hundred rules, what may be tried whatever their number is not spent yet.
    assert calls(800) - calls(400) < 1.1 * 4 * (calls(200) - calls(100))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_one_finding(encoding: str) -> None:
    data = "rule a:\n  on purchase\n  send A\n\nrule b:\n  on purchase\n  send B\n".encode(encoding)
    (finding,) = check([parse(SourceText.decode(data, "a.conn"))]).diagnostics
    assert (finding.code, finding.message) == ("CR111", "the file is UTF-16, not UTF-8")


def test_a_name_with_a_byte_that_is_no_text_is_one_finding() -> None:
    data = 'on received_push of "Café" send "Café"'.encode("latin-1")
    catalog = Catalog(campaigns=(Campaign(name="Café", channels=("push",)),))
    result = check([parse(SourceText.decode(data, "a.conn"))], catalog, as_of=0)
    assert [f.code for f in result.diagnostics] == ["CR111"]
