"""Views as DataFrames, and what they cost to import."""

import ast
import subprocess
import sys

import pytest
import samples


def test_frames_have_stable_columns_and_raw_values(views):
    frame = views.findings(samples.findings()).frame
    assert list(frame.columns) == [
        "order",
        "check",
        "status",
        "summary",
        "observed",
        "unit",
        "threshold",
        "source",
        "seconds",
        "required",
        "rows",
    ]
    assert list(frame["order"]) == list(range(1, 15))
    assert frame.set_index("check").loc["database.utilisation", "observed"] == 100.0


@pytest.mark.parametrize(
    ("make", "columns"),
    [
        (lambda v: v.causes(samples.causes(), []), ["rank", "name", "title", "for", "against", "actions", "notebooks", "by_hand"]),
        (lambda v: v.causes([], []), ["rank", "name", "title", "for", "against", "actions", "notebooks", "by_hand"]),
        (lambda v: v.plan_card(samples.plan(), mode="act", consent="c"), ["plan_id", "action", "identity", "role", "application", "idle_seconds"]),
        (lambda v: v.plan_card(samples.plan(0), mode="act", consent="c"), ["plan_id", "action", "identity"]),
        (lambda v: v.action_result(samples.result(), None), ["action", "plan_id", "outcome", "reason", "approved_by", "seconds", "changed"]),
        (lambda v: v.timeline(samples.changes()), ["number", "at", "system", "what", "who", "ref", "status", "kind"]),
        (lambda v: v.timeline([]), ["number", "at", "system", "what", "who", "ref", "status", "kind"]),
        (lambda v: v.escalation(samples.escalation_facts()), ["to", "channel", "text"]),
        (lambda v: v.run_card(samples.card_facts()), ["system", "expected", "seen", "matches", "how"]),
        (lambda v: v.closing(samples.closing_facts()), ["what", "line"]),
    ],
)  # fmt: skip
def test_every_view_has_its_columns_also_when_it_is_empty(views, make, columns):
    assert list(make(views).frame.columns) == columns


def test_importing_and_reading_views_as_text_and_html_brings_nothing_heavy():
    code = (
        "import sys; from runbook.view import Views; from runbook.times import Times; from runbook.model import *;"
        "v = Views(sandbox=True, interactive=False, times=Times()).findings([Finding('a.b', Status.OK, 's')]);"
        "str(v); v._repr_html_(); import runbook.report;"
        "print([m for m in ('pandas', 'matplotlib', 'ipywidgets', 'IPython', 'jinja2', 'mistune') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == []


def test_a_view_in_plain_python_prints_as_its_text(views):
    view = views.notice("hello")
    assert repr(view) == str(view) == "SANDBOX · hello"
