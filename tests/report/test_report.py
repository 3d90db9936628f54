"""The report: everything a post-mortem asks for, in one file that loads nothing, runs nothing, and reads well."""

import copy
import html.parser
import re
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from runbook.record.summary import summarize
from runbook.report import cells, prose, render, trust
from runbook.view.markup import el

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>x</a><svg/onload=alert(1)>"
HOSTILE = f"{SCRIPT}\x1b[2J\u202eevil\"' https://evil.example/x {{{{ 7*7 }}}} {{% raw %}} </style><!--"


class Seen(html.parser.HTMLParser):
    """What a browser would see: tags, attributes, and the text a reader gets."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str, str]] = set()
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {(tag, name, value or "") for name, value in attrs}
        if tag not in ("meta", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def look(page: str) -> Seen:
    seen = Seen()
    seen.feed(page)
    seen.close()
    assert seen.open == []
    return seen


def hostile(value):
    """The same structure with every string replaced that is no time, status or id of structure."""
    kept = {"event", "at", "prev", "hash", "id", "status", "outcome", "state", "danger", "phase", "output_type",
            "cell_type", "name", "mode", "check", "action", "plan_id", "identity", "object", "started_at", "ended_at"}  # fmt: skip
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, dict):
        return {key: one if key in kept and isinstance(one, str) else hostile(one) for key, one in value.items()}
    return [hostile(one) for one in value] if isinstance(value, list) else value


def assert_inert(page: str) -> None:
    seen = look(page)
    assert not seen.tags & {
        "script",
        "iframe",
        "object",
        "embed",
        "svg",
        "link",
        "base",
        "form",
        "input",
        "button",
        "video",
    }
    assert "://" not in page.replace("<!doctype", "")
    for tag, name, value in seen.attributes:
        assert not name.startswith("on")
        if name in ("src", "href", "action"):
            assert value.startswith("data:image/png;base64,") or re.fullmatch(r"#[a-z]+", value), (tag, name, value)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page)


def test_the_report_is_one_file_that_names_no_address_and_runs_nothing(page):
    assert_inert(page)
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in page
    assert not re.search(r"@import|url\(", page)


def test_it_tells_status_people_targets_and_times_at_the_top(page):
    head = look(page).text.partition("What changed")[0]
    for said in ("✓ recovered", "What was critical is ok again.", "INC-20261123-1 · SEV-1", "ana@agency.test", "SANDBOX",
                 "2026-11-23 03:07:12 to 03:07:", "✓ matches supabase", "? could not tell vercel"):  # fmt: skip
        assert said in head


def test_it_tells_what_changed_why_by_whom_and_the_proof(page):
    text = look(page).text
    assert "ended session 4711 (role app, agency-site, idle 41 min)" in text and "18 more" in text
    assert "1. 24 sessions sit idle in a transaction, most of them app/agency-site idle-transaction-leak" in text
    assert "approved by ana@agency.test outcome done 3.1 s proof ok: no session is idle" in text
    assert "left alone 4790 nightly-report (role reporting)" in text


def test_a_check_shows_how_it_was_and_how_it_ended(page):
    text = look(page).text
    assert "✗ critical ✓ ok site.health" in text
    assert (
        "✗ critical database.idle_transactions 24 idle in a transaction for 1800 s and longer" in text
    )  # as the cause saw it


def test_the_time_line_goes_from_open_to_close_in_order(page):
    rows = re.findall(r"<td>(\d\d:\d\d:\d\d)</td><td>(\+[\d:]+)</td>", page)
    assert rows == sorted(rows) and rows[0] == ("03:07:12", "+00:00") and len(rows) > 20
    assert "… 16 more objects" in page


def test_an_object_whose_change_was_begun_and_never_ended_is_told(night):
    summary, entries, notebook = night
    cut = next(i for i, e in enumerate(entries) if e.event == "action.object") + 1
    page = look(render({**summary, "status": "kernel_died", "exit_code": 138}, entries[:cut], notebook)).text
    assert "begun, its end was not seen" in page and "✗ kernel_died" in page


def test_views_keep_their_shape_and_prose_is_rendered(page):
    assert page.count('class="rb rb-edge-') >= 8
    assert '<img src="data:image/png;base64,' in page
    text = look(page).text
    assert "the docs (https://docs.example.com/x)" in text and "<td><code>unknown</code></td>" in page
    assert text.count("✓ completed") == 10


@pytest.mark.parametrize("part", ["summary", "entries", "notebook"])
def test_hostile_strings_in_every_field_stay_text(night, part):
    summary, entries, notebook = night
    if part == "summary":
        summary = hostile(summary) | {"findings": hostile(summary["findings"]), "run": HOSTILE, "notebook": HOSTILE}
    elif part == "entries":
        entries = [replace(e, data=hostile(e.data)) for e in entries]
    else:
        notebook = hostile(notebook)
    assert_inert(render(summary, entries, notebook))


def test_hostile_words_where_ours_are_expected_are_shown_as_unsure(night):
    summary, entries, notebook = copy.deepcopy(night[0]), list(night[1]), night[2]
    summary |= {"status": HOSTILE, "mode": HOSTILE}
    entries = [replace(e, data={**e.data, "status": HOSTILE}) if e.event == "check.finished" else e for e in entries]
    assert_inert(render(summary, entries, notebook))


def test_an_empty_run_still_has_a_report():
    page = render(summarize([]), [], {"cells": [], "metadata": {}})
    assert_inert(page)
    assert "Nothing was changed." in page and "? not closed" in page


def test_a_change_whose_effect_was_not_seen_is_not_called_nothing(night):
    summary, entries, notebook = night
    page = render({**summary, "changed": [], "actions": [{"action": "x", "outcome": "unknown"}]}, entries, notebook)
    assert "Nothing was changed." not in page and "No change is certain; x may have made one." in page


# -- outputs ---------------------------------------------------------------------------------------------------------


def output(**data: str):
    cell = {
        "cell_type": "code",
        "source": "x",
        "metadata": {},
        "outputs": [{"output_type": "display_data", "data": data, "metadata": {}}],
    }
    return "".join(
        cells.render(
            [{**cell, "outputs": [{**cell["outputs"][0], "data": {k.replace("_", "/"): v for k, v in data.items()}}]}]
        )
    )


@pytest.mark.parametrize(
    "html",
    [
        SCRIPT, "<b>hand-made</b>", '<div class="rb rb-edge-bad">x</div><script>1</script>', '<div class="rb x" onclick="1">x</div>',
        '<div class="rb a">unclosed', '<div class="rb a"></div></div>', '<div class="rb a"><b></div></b>', '<div class="rb a"><svg></svg></div>',
        '<div class="rb a"><img src="https&#58;//evil.example/x.png"></div>', '<div class="rb a"><img src="data:image/svg+xml;base64,PHN2Zz4="></div>',
        '<div class="rb a" style="background:url(//evil.example)">x</div>', '<div class="rb a"><a href="#x">x</a></div>',
        '<div class="rb a">https://evil.example</div>', '<div class="rb a"><!-- x --></div>', '<div class="rb a"><b / ></b></div>',
        '<div class="rb a"><style>x</style><DIV></DIV></div>', '<style>a</style><style><b></style><div class="rb a"></div>',
        '<div class="rb a"><td src="data:image/png;base64,AAAA">x</td></div>', '<div class="rb a" hidden>x</div>',
    ],
)  # fmt: skip
def test_html_that_our_views_did_not_write_is_not_shown(html):
    assert trust.ours(html) is None
    shown = output(text_html=html, text_plain="the plain text")
    assert "the plain text" in shown and "evil" not in shown


def test_html_of_our_views_is_shown_without_its_style_sheet():
    html = f"<style>x</style>{el('div', el('b', 'a < b & c'), cls='rb rb-edge-good')}"
    assert trust.ours(html) == '<div class="rb rb-edge-good"><b>a &lt; b &amp; c</b></div>'


def test_pictures_are_shown_only_as_data():
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in output(image_png="iVBORw0KGgo=\n", text_plain="<Figure>")
    assert "onerror" not in output(image_png='x" onerror="alert(1)', text_plain="p")


def test_streams_and_errors_are_clean_text():
    bad = [
        {"output_type": "stream", "name": "stderr", "text": f"warn \x1b[31m{SCRIPT}"},
        {
            "output_type": "error",
            "ename": "SettingError",
            "evalue": SCRIPT,
            "traceback": ["\x1b[0;31mSettingError", SCRIPT],
        },
    ]
    html = "".join(cells.render([{"cell_type": "code", "source": SCRIPT, "metadata": {}, "outputs": bad}]))
    assert "<script" not in html and "\x1b" not in html and "<details><summary>traceback" in html


def test_prose_has_no_raw_html_no_links_and_no_pictures():
    html = prose.html(
        f"# T\n\n{SCRIPT}\n\n<div onclick=1>x</div>\n\n[a](javascript:alert(1)) ![p](https://evil.example/p.png) <https://evil.example>\n\n[ref]: https://evil.example"
    )
    assert not re.search(r"<(script|img|a|svg|div)|://", html)
    assert "<h3>T</h3>" in html and "[picture: p]" in html


def test_a_very_long_output_is_cut_in_the_middle():
    html = "".join(
        cells.render(
            [
                {
                    "cell_type": "code",
                    "source": "x",
                    "metadata": {},
                    "outputs": [{"output_type": "stream", "name": "stdout", "text": "a" * 100_000 + "end"}],
                }
            ]
        )
    )
    assert len(html) < 25_000 and "80003 characters left out" in html and html.endswith("end</pre></div>")


# -- time ------------------------------------------------------------------------------------------------------------


def seconds(summary, entries, notebook) -> float:
    best = 9.0
    for _ in range(3):
        started = time.process_time()
        render(summary, entries, notebook)
        best = min(best, time.process_time() - started)
    return best


def test_a_normal_run_renders_in_150_ms(night):
    assert seconds(*night) < 0.15


def test_time_grows_no_faster_than_the_record(night):
    summary, entries, notebook = night
    times = []
    for factor in (4, 8, 16):
        many = {**notebook, "cells": notebook["cells"] * factor}
        times.append(seconds(summary, [e for _ in range(factor) for e in entries], many))
    assert all(after < 3.2 * before for before, after in pairwise(times))
