"""The page: what the template is given, and the template. The only importer of jinja2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from runbook.clock import t_plus
from runbook.model import Json, Mode
from runbook.record.journal import Entry
from runbook.record.plans import in_force
from runbook.report import cells, story
from runbook.report.impact import customers_hurt
from runbook.view import causes, markup, plain, runs, words
from runbook.view.findings import measured
from runbook.view.markup import Html
from runbook.view.words import Word

TRIED = frozenset({"done", "refused", "failed", "unverified", "unknown"})  # the others are folded


def render(summary: Mapping[str, Json], entries: Sequence[Entry], notebook: Mapping[str, Json]) -> str:
    """The whole page."""
    opened = next((e.data for e in entries if e.event == "run.opened"), {})
    return template().render(
        s=summary, opened=opened, end=words.end(str(summary.get("status", ""))), mode=_mode(summary),
        sandbox=bool(opened.get("sandbox")), head=[*_head(summary, opened), *customers_hurt(entries)], targets=_targets(opened),
        actions=_actions(summary, entries), causes=_causes(summary, entries), findings=_findings(entries),
        unchanged=runs.nothing_changed(summary),
        notes=_texts(entries, "note.added"), story=story.tell(entries), cells=cells.render(notebook["cells"]),
        record=_record(summary, opened, entries),
        todo=runs.follow_ups(summary),
    )  # fmt: skip


@cache
def template() -> jinja2.Template:
    """The compiled template. Every value in it is cleaned and escaped unless it is ``Html``."""
    engine = jinja2.Environment(
        autoescape=True, finalize=_shown, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    engine.globals |= {"chip": markup.chip, "grid": markup.grid, "style": Html(_style()), "duration": plain.duration,
                       "outcome": words.outcome, "danger": words.danger, "clock": t_plus}  # fmt: skip
    return engine.from_string(Path(__file__).with_name("report.html").read_text("utf-8"))


def _shown(value: Any) -> Html:
    """What the template prints of a value; a macro's own output has passed here already."""
    if isinstance(value, Html):
        return value
    return Html(value) if isinstance(value, Markup) else markup.text(plain.plain(value))


def _style() -> str:
    return Path(__file__).with_name("report.css").read_text("utf-8") + markup.style()


def _mode(summary: Mapping[str, Json]) -> Word | None:
    return words.MODE[Mode(summary["mode"])] if summary.get("mode") in set(Mode) else None


def _head(summary: Mapping[str, Json], opened: Mapping[str, Json]) -> list[tuple[str, str]]:
    about = " · ".join(plain.line(summary[key]) for key in ("incident", "severity") if summary.get(key))
    began, ended = (plain.moment(str(summary.get(key, ""))) for key in ("started_at", "ended_at"))
    ended = ended[11:] if ended[:10] == began[:10] else ended
    source = (
        f", name taken from {plain.line(opened['operator_source'])}, unsigned" if opened.get("operator_source") else ""
    )
    return [
        ("Incident", about or "none"), ("Issue type", plain.line(opened.get("issue_type", ""))),
        ("Environment", plain.line(summary.get("environment", ""))),
        ("Time", f"{began} to {ended} UTC, {plain.duration(float(summary.get('seconds') or 0))}"),
        ("Operator", plain.line(summary.get("operator", "")) + source),
        ("Run", plain.line(summary.get("run", ""))),
    ]  # fmt: skip


def _targets(opened: Mapping[str, Json]) -> list[tuple[Word, str, str]]:
    told = [{"system": name, **about} for name, about in opened.get("targets", {}).items()]
    return [(runs.MATCHES[one["matches"]], plain.line(one["system"]), runs.seen(one)) for one in told]


def _causes(summary: Mapping[str, Json], entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The causes as last ranked, each with what its checks said then and what they say now."""
    known: dict[str, Mapping[str, Json]] = {}
    then: dict[str, Mapping[str, Json]] = {}
    for e in entries:
        if e.event == "check.finished":
            known[e.data["check"]] = e.data
        elif e.event == "cause.ranked":
            then = dict(known)
    return [
        {"title": cause.get("title") or cause["name"], "name": cause["name"], "helps": causes.helps(cause),
         "evidence": [(label, _evidence(cause[label], then, known)) for label in ("for", "against")]}
        for cause in summary["causes"]
    ]  # fmt: skip


def _evidence(
    names: Sequence[str], then: Mapping[str, Mapping[str, Json]], known: Mapping[str, Mapping[str, Json]]
) -> list[dict[str, Any]]:
    """What these checks said when the cause was named and how they ended; those that said the same are one."""
    said: dict[tuple[str, str, str], list[str]] = {}
    for name in names:
        if name not in then:
            key = ("", "(not asked)", "")
        else:
            was, now = then[name], known[name]
            ended = f"({now['status']} at the end)" if now["status"] != was["status"] else ""
            key = (str(was["status"]), plain.line(was["summary"]), ended)
        said.setdefault(key, []).append(plain.line(name))
    return [{"names": plain.listed(group), "word": words.finding(status) if status else None, "said": summary, "now": now}
            for (status, summary, now), group in said.items()]  # fmt: skip


def _actions(summary: Mapping[str, Json], entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Every plan with what came of it, and results that had no plan; in the order they were made."""
    plans = in_force(entries)
    ends: dict[str, list[Mapping[str, Json]]] = {}
    for e in entries:
        if e.event == "action.finished":
            ends.setdefault(e.data["plan_id"] or e.data["action"], []).append(e.data)
    given = {one["plan_id"]: one["approval"] for one in summary["plans"]}
    return [_action(plans.get(key), ends.get(key, []), given.get(key, "")) for key in dict.fromkeys([*plans, *ends])]


def _action(plan: Mapping[str, Json] | None, ends: Sequence[Mapping[str, Json]], approval: str) -> dict[str, Any]:
    return {
        "plan": plan, "action": (plan or ends[-1])["action"], "ends": ends, "approval": approval,
        "objects": plan["objects_shown"] if plan else [], "tried": any(end["outcome"] in TRIED for end in ends),
    }  # fmt: skip


def _findings(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The last answer of each check with the first one before it; the worst first."""
    asked: dict[str, list[Mapping[str, Json]]] = {}
    for e in entries:
        if e.event == "check.finished":
            asked.setdefault(e.data["check"], []).append(e.data)
    rows = [{**answers[-1], "first": words.finding(answers[0]["status"]), "last": words.finding(answers[-1]["status"]),
             "asked": len(answers), "measure": measured(answers[-1])} for answers in asked.values()]  # fmt: skip
    rank = [word.word for word in words.STATUS.values()]
    return sorted(rows, key=lambda row: [_rank(row[when], rank) for when in ("last", "first")])


def _rank(word: Word, words_by_rank: list[str]) -> int:
    """The place of a word, the worst first; one that nobody foresaw comes before all."""
    return words_by_rank.index(word.word) if word.word in words_by_rank else -1


def _texts(entries: Sequence[Entry], event: str) -> list[str]:
    return [plain.line(e.data["text"]) for e in entries if e.event == event]


def _record(summary: Mapping[str, Json], opened: Mapping[str, Json], entries: Sequence[Entry]) -> list[tuple[str, str]]:
    git = opened.get("git") or {}
    commit = plain.line(git.get("commit") or "no git") + (" and uncommitted changes" if git.get("dirty") else "")
    offset = opened.get("clock_offset_seconds")
    return [
        ("Journal", f"{len(entries)} events, head {plain.line(summary.get('head', ''))}"),
        ("Notebook", plain.line(opened.get("notebook_digest", ""))), ("Commit", commit),
        ("Versions", plain.line(summary.get("versions", {}))), ("Host", plain.line(opened.get("host", ""))),
        ("Clock", "offset not known" if offset is None else f"{plain.number(float(offset))} s off the vendors'"),
        ("Parameters", plain.line(opened.get("parameters", {}))), ("Exit code", plain.plain(summary.get("exit_code"))),
    ]  # fmt: skip
