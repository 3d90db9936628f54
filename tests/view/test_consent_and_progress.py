"""What asks and what moves: the consent widget on the plan card, and the progress line."""

import builtins

import pytest
from runbook.model import Danger
from runbook.view import consent
from runbook.view.markup import text
from runbook.view.progress import AT_MOST


def parts(box):
    asks, row, answer = box.children
    return asks, row.children, answer


def test_a_reversible_plan_takes_one_button():
    _, fields, answer = parts(consent.consent_box(Danger.REVERSIBLE, "confirm", lambda typed: "Approved by ana."))
    (button,) = fields
    button.click()
    assert button.description == "Confirm" and button.disabled
    assert answer.value == "Approved by ana."


@pytest.mark.parametrize("danger", [Danger.SIDE_EFFECT, Danger.DISRUPTIVE, Danger.DESTRUCTIVE])
def test_more_danger_takes_words_and_a_wrong_word_can_be_corrected(danger):
    def on_approve(typed):
        return "Approved by ana." if typed == "24" else "Not approved: type the count: 24."

    _, (typed, button), answer = parts(consent.consent_box(danger, "type the count: 24", on_approve))
    typed.value = "23"
    button.click()
    assert answer.value == "Not approved: type the count: 24." and not button.disabled
    typed.value = "24"
    button.click()
    assert answer.value == "Approved by ana." and button.disabled and typed.disabled


def test_an_error_while_approving_is_shown_and_logged(caplog):
    def broken(typed):
        raise OSError("no space <left>")

    _, (button,), answer = parts(consent.consent_box(Danger.REVERSIBLE, "confirm", broken))
    button.click()
    assert "no space" in caplog.text
    assert answer.value == text("Not approved: no space <left>") and not button.disabled


def test_what_the_widget_shows_is_escaped():
    asks, _, answer = parts(
        consent.consent_box(Danger.DESTRUCTIVE, "<script>x</script>", lambda typed: f"<b>{typed}</b>")
    )
    assert "<script" not in asks.value
    parts_row = consent.consent_box(Danger.REVERSIBLE, "", lambda typed: "<script>x</script>")
    _, (button,), answer = parts(parts_row)
    button.click()
    assert "<script" not in answer.value


def test_without_widgets_the_card_says_how_to_approve(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "ipywidgets":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    assert "--approve" in str(consent.consent_box(Danger.REVERSIBLE, "confirm", lambda typed: ""))


def test_progress_is_bounded_however_often_it_is_told(views, clock, capsys):
    bar = views.progress("End sessions")
    for step in range(20_000):
        clock.sleep(0.1)
        bar.update(step / 20_000, f"{step} of 20000")
    bar.done("no session is left")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= AT_MOST + 12
    assert lines[0].startswith("SANDBOX · End sessions: ") and lines[-1].endswith("no session is left")


def test_progress_whose_end_nobody_knows_shows_no_percentage(views, capsys):
    views.progress("Restart").update(None, "the project is coming up")
    out = capsys.readouterr().out
    assert "%" not in out and "the project is coming up" in out


def test_progress_cleans_what_a_system_says(views, capsys):
    views.progress("Restart").update(0.5, "\x1b[2J\u202eevil")
    assert capsys.readouterr().out.endswith("· evil\n")
