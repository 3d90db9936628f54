"""Values come from systems that somebody else writes to: nothing in them may act, hide, or load."""

import html.parser
import re
import warnings
from dataclasses import fields, replace

import pytest
import samples
from runbook.model import ActionResult, Cause, Finding, Outcome, Plan, PlannedObject, Status
from runbook.report import trust
from runbook.view import plain

ANSI = "\x1b[2J\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\link\x9b31mred\x1bPq#0\x1b\\\x08\x07"
BIDI = "\u202egnp.exe\u202c\u2066x\u2069\u200b\u200f\ufeff\U000e0041\ud800"
SCRIPT = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)>\"'><a href='javascript:alert(1)'>x</a>"
HOSTILE = f"{SCRIPT}{ANSI}{BIDI} https://evil.example/?q=`$(x)` $\\frac{{1}}{{2}}$ \r\n# heading <!-- "
ALLOWED = trust.TAGS | {"style"}


class Tags(html.parser.HTMLParser):
    """Every tag and attribute that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def assert_inert(view) -> None:
    text, page = str(view), view._repr_html_()
    for shown in (text, page):
        assert not re.search(
            r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]", shown
        )
        shown.encode("utf-8")
    assert "://" not in page
    found = Tags()
    found.feed(page)
    assert found.tags <= ALLOWED
    assert {name for name, _ in found.attributes} <= {"class", "style", "open", "src", "alt"}
    assert all(value.startswith("data:image/png;base64,") for name, value in found.attributes if name == "src")
    assert trust.ours(page) is not None  # and so the report shows it as it is


def hostile_finding(status: Status = Status.CRITICAL) -> Finding:
    rows = [{HOSTILE: HOSTILE, "at": HOSTILE, "nested": {HOSTILE: [HOSTILE]}, "idle_seconds": HOSTILE}]
    events = [{"at": "2026-11-23T03:00:00Z", "system": HOSTILE, "what": HOSTILE, "who": HOSTILE, "ref": HOSTILE, "status": HOSTILE,
               "kind": HOSTILE}]  # fmt: skip
    return Finding(HOSTILE, status, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0.1, True, rows,
                   {"events": events, "first_error_at": HOSTILE})  # fmt: skip


def hostile_plan() -> Plan:
    bad = HOSTILE.replace("\ud800", "")  # no plan id can be made of half a character
    return replace(
        samples.plan(1), action=bad, environment=bad, target=bad, arguments={bad: bad},
        objects=(PlannedObject(bad, {bad: bad}, {}),), costs=(bad,), before={bad: bad}, left_alone=(bad,), undo=bad,
        verify=bad,
    )  # fmt: skip


def hostile(value):
    """The same structure with every string replaced."""
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, dict):
        return {key: hostile(one) for key, one in value.items()}
    return [hostile(one) for one in value] if isinstance(value, (list, tuple)) else value


def test_findings_are_inert(views):
    assert_inert(views.findings([hostile_finding(status) for status in Status], 60))


def test_causes_are_inert(views):
    names = (HOSTILE, "not asked " + HOSTILE)
    cause = Cause(HOSTILE, HOSTILE, names, names, (HOSTILE,), (HOSTILE,), HOSTILE)
    assert_inert(views.causes([cause], [hostile_finding()]))
    assert_inert(views.causes([], [hostile_finding()]))


@pytest.mark.parametrize("mode", ["act", "rehearse"])
def test_plan_cards_are_inert(views, mode):
    assert_inert(views.plan_card(hostile_plan(), mode=mode, consent=HOSTILE))
    assert_inert(views.plan_card(hostile_plan(), mode=mode, consent=HOSTILE, on_approve=lambda typed: typed))


@pytest.mark.parametrize("outcome", list(Outcome))
def test_results_are_inert(views, outcome):
    result = ActionResult(HOSTILE, "3f9a1c20", outcome, HOSTILE, HOSTILE, 1.0, hostile_finding(), (HOSTILE,) * 30)
    assert_inert(views.action_result(result, hostile_plan()))
    assert_inert(views.action_result(result, None))


def test_time_lines_are_inert(views):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a glyph that the font does not have is drawn as a box
        assert_inert(views.timeline([hostile_finding(), hostile_finding(Status.UNKNOWN)]))


def test_cards_of_a_run_are_inert(views):
    facts = {**hostile(samples.card_facts()), "mode": "act"}
    assert_inert(views.run_card(facts))
    assert_inert(views.escalation(hostile(samples.escalation_facts())))
    closing = hostile(samples.closing_facts()) | {"actions": [{"action": HOSTILE, "outcome": "unknown"}]}
    assert_inert(views.closing({**closing, "findings": [{**hostile_finding().as_json()}]}))
    assert_inert(views.notice(HOSTILE))


def test_no_field_of_a_finding_was_forgotten():
    assert {f.name for f in fields(Finding)} == {
        "check", "status", "summary", "observed", "unit", "threshold", "source", "seconds", "required", "rows", "facts",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"), ("a\x1b]0;title\x07b", "ab"), ("a\x1b]8;;x://y\x1b\\b", "ab"), ("a\x9b2Jb", "ab"),
        ("\u202eabc\u202c", "abc"), ("a\rb", "a\nb"), ("a\x00b\x08", "ab"), ("zero\u200bwidth", "zerowidth"),
        ("unfinished \x1b]0;never ends", "unfinished "), ("tab\tand\nline", "tab\tand\nline"), ("naïve 日本 👍", "naïve 日本 👍"),
        ("lone \ud800 half", "lone  half"), ("a\u2028b", "a\nb"),
    ],
)  # fmt: skip
def test_a_terminal_sees_only_what_can_be_read(hostile, shown):
    assert plain.clean(hostile) == shown


def test_values_that_are_no_numbers_are_shown_as_unmeasured():
    assert [plain.number(value) for value in (float("nan"), float("inf"), 0.1 + 0.2, 1e20, 3.0)] == [
        "-",
        "-",
        "0.3",
        "100000000000000000000",
        "3",
    ]


def test_long_values_and_many_rows_are_cut_and_counted(views):
    rows = [{"query": "x" * 10_000, "n": n} for n in range(1000)]
    view = views.findings([Finding("a.b", Status.CRITICAL, "y" * 10_000, rows=rows)])
    assert len(str(view)) < 3000 and "… 995 more" in str(view)
    assert len(view._repr_html_()) < 20_000 and "… 980 more" in view._repr_html_()
