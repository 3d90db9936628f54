"""list, show, and what holds for every command."""

import json
import re
import subprocess
import sys

import pytest
from runbook.cli.main import COMMANDS, main
from runbook.cli.screen import Screen, shown


def test_list_names_every_procedure_with_its_symptom(call):
    code, out, _ = call("list")
    assert code == 0
    assert re.search(r"respond/sample-failure +reads +\"It hurts\"", out)


def test_list_as_json_is_the_contract(call):
    _, out, _ = call("list", "--json")
    assert [one["name"] for one in json.loads(out)["notebooks"]] == ["sample-failure", "sample-check"]
    assert set(json.loads(out)["notebooks"][0]) == {"name", "path", "title", "symptom", "changes"}


@pytest.mark.parametrize("words", [("--json", "list"), ("list", "--json")])
def test_json_may_stand_anywhere(call, words):
    assert "notebooks" in json.loads(call(*words)[1])


def test_show_tells_checks_and_actions_of_the_real_notebook(call, monkeypatch):
    monkeypatch.delenv("RUNBOOK_HOME")
    monkeypatch.chdir(__file__.rsplit("/tests/", 1)[0])
    _, out, _ = call("show", "database-failure", "--json")
    told = json.loads(out)
    assert {"name", "path", "title", "parameters", "checks", "actions", "scenarios"} == set(told)
    assert "database.idle_transactions" in told["checks"]
    assert "idle-transaction-leak" in told["scenarios"]
    actions = {one["name"]: one for one in told["actions"]}
    assert actions["restart_project"]["danger"] == "disruptive"
    assert actions["restart_project"]["approve"] == "restart_project@PLAN-ID"
    assert actions["end_idle_transactions"]["undo"].startswith("cannot be undone")
    assert {"name", "danger", "target", "undo", "verify", "budget_seconds", "approvals"} <= set(told["actions"][0])


def test_show_in_words_names_parameters_and_what_to_approve(call, monkeypatch):
    monkeypatch.delenv("RUNBOOK_HOME")
    monkeypatch.chdir(__file__.rsplit("/tests/", 1)[0])
    _, out, _ = call("show", "database-failure")
    assert "idle_seconds" in out
    assert "approve: restart_project@PLAN-ID" in out


def test_a_notebook_that_names_no_check_we_know_is_named(call, new_notebook):
    new_notebook("local", "odd", "from runbook.checks import database\ndatabase.nothing_like_it")
    code, _, err = call("show", "odd")
    assert code == 2
    assert "odd.ipynb" in err


def test_without_a_command_it_says_what_there_is(call):
    code, out, _ = call()
    assert code == 0
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_json(name, call, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert "usage: runbook" in out
    assert "--json" in out or "COMMAND" in out


@pytest.mark.parametrize("name", ["list", "show", "run", "incident", "history", "verify"])
def test_a_command_starts_without_what_is_heavy(name):
    heavy = "{'pandas', 'papermill', 'nbclient', 'nbformat', 'jupyter_client', 'zmq', 'psycopg', 'httpx', 'jinja2', 'starlette'}"
    code = f"import sys; from runbook.cli.main import parser_of; parser_of({name!r}); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_whoever_stops_reading_gets_no_traceback(home):
    line = f"{sys.executable} -m runbook.cli.main list | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_terminal_is_shown_what_it_would_obey():
    assert shown("a\x1b[31mb\u202ec\x9bd\n\te") == "a\\x1b[31mb\\u202ec\\x9bd\n\te"
    assert shown("\udcff") == "\\udcff"


def test_a_table_is_as_wide_as_it_must_be(capsys):
    Screen(json=False).table([("a", "long", "x"), ("bbb", "c", "")])
    assert capsys.readouterr().out == "a    long  x\nbbb  c\n"
