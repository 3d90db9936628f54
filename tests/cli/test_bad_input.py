"""Bad input: one line, the contract's code, no traceback, and nothing left behind."""

import json
import os

import pytest

RUN = ("run", "sample-failure", "--env", "production", "--incident", "INC-1")
CASES = [
    # what, words, a piece of the line
    ("no such command", ("lst",), "did you mean list"),
    ("a command that is to come", ("forget", "latest"), "no command 'forget'"),
    ("no run to undo", ("undo", "latest"), "no run 'latest'"),
    ("no run to go on with", ("resume", "nope"), "no run 'nope'"),
    ("no name of a run to undo", ("undo", ""), "no run is named"),
    ("a plan to approve that is none", ("approve", "xyz"), "xyz"),
    ("a plan to approve by path", ("approve", "../../x"), "../../x"),
    ("no such plan to approve", ("approve", "0123abcd"), "0123abcd"),
    ("no plan to approve", ("approve",), "PLAN-ID"),
    ("no such option", ("list", "--wat"), "--wat"),
    ("an option cut short", ("run", "sample-failure", "--sev", "SEV-1"), "--sev"),
    ("nothing to run", ("run",), "NAME"),
    ("no such notebook", ("run", "smaple-failure"), "did you mean sample-failure"),
    ("a path for a notebook", ("run", "../../etc/passwd"), "no notebook"),
    ("no such notebook to show", ("show", "nope"), "no notebook 'nope'"),
    ("no such notebook to open", ("open", "nope"), "no notebook 'nope'"),
    ("no environment chosen", ("run", "sample-failure"), "no environment chosen"),
    ("no such environment", ("run", "sample-failure", "--env", "prod"), "no environment 'prod'"),
    ("an environment by path", ("run", "sample-failure", "--env", "../environments/production"), "no environment"),
    ("no sandbox", ("run", "sample-failure", "--env", "sandbox"), "no sandbox is running"),
    ("no sandbox to break", ("sandbox", "break", "healthy"), "no sandbox is running"),
    ("no sandbox to repair", ("sandbox", "repair"), "no sandbox is running"),
    ("no such scenario to break", ("sandbox", "break", "nope"), "no scenario 'nope'"),
    ("no such scenario to drill", ("drill", "nope"), "no scenario 'nope'"),
    ("a scenario by path", ("drill", "../scenarios/healthy"), "no scenario"),
    ("all and one", ("drill", "healthy", "--all"), "--all"),
    ("no such severity", (*RUN, "--severity", "SEV-9"), "no severity 'SEV-9'"),
    ("a severity in small letters", (*RUN, "--severity", "sev-1"), "no severity"),
    ("a severity without an incident", ("run", "sample-check", "--env", "production", "--severity", "SEV-1"), "belongs to an incident"),
    ("no such mode", (*RUN, "--mode", "destroy"), "rehearse or act"),
    ("no such parameter", (*RUN, "-p", "cuont", "1"), "did you mean count"),
    ("code for a parameter's name", (*RUN, "-p", "x=1;import os", "1"), "no parameter"),
    ("text for a number", (*RUN, "-p", "count", "abc"), "count: int, got 'abc'"),
    ("an underscore in a number", (*RUN, "-p", "count", "1_0"), "count: int"),
    ("yes for a bool", (*RUN, "-p", "deep", "yes"), "deep: bool, got 'yes'"),
    ("not a number", (*RUN, "-p", "share", "nan"), "share: float"),
    ("no list", (*RUN, "-p", "names", "a"), "names: list[str]"),
    ("one key twice", (*RUN, "-p", "mode", "act", "--mode", "act"), "by -p and by --mode"),
    ("the environment twice", (*RUN, "-p", "environment", "production"), "by -p and by --env"),
    ("no such file", (*RUN, "-f", "nope.yaml"), "no such file"),
    ("a file that is none", (*RUN, "-f", "."), "no such file"),
    ("a file that is not YAML", (*RUN, "-f", "broken.yaml"), "broken.yaml"),
    ("a file without a mapping", (*RUN, "-f", "list.yaml"), "holds no mapping"),
    ("a file that is not JSON", (*RUN, "-f", "broken.json"), "broken.json"),
    ("NaN in a file", (*RUN, "-f", "nan.json"), "nan.json"),
    ("NaN in a YAML file", (*RUN, "-f", "nan.yaml"), "share: float"),
    ("a wrong type in a file", (*RUN, "-f", "type.yaml"), "-f type.yaml: count: int"),
    ("a strange name in a file", (*RUN, "-f", "name.yaml"), "not a parameter's name"),
    ("a strange approval", (*RUN, "--approve", "end sessions"), "not an approval"),
    ("a plan id that is none", (*RUN, "--approve", "end@xyz"), "not an approval"),
    ("an incident above the runs", (*RUN[:-1], "../x"), "not an incident id"),
    ("an incident with dots", (*RUN[:-1], "a..b"), "not an incident id"),
    ("an empty incident id", ("incident", "open", "-x", "--env", "production"), "-x"),
    ("a time that is none", (*RUN, "--timeout", "soon"), "positive number"),
    ("no time at all", (*RUN, "--cell-timeout", "0"), "positive number"),
    ("endless time", (*RUN, "--timeout", "inf"), "positive number"),
    ("no incident is open", ("run", "sample-failure", "--env", "production"), "no incident is open"),
    ("nobody to ask", (*RUN, "--ask"), "needs a terminal"),
    ("a file for the runs", (*RUN, "--runs", "broken.yaml"), "is no folder"),
    ("a place below a file for the runs", ("incident", "open", "--env", "production", "--runs", "broken.yaml/x"), "is no folder"),
    ("records of a file", ("history", "--runs", "broken.yaml"), "is no folder"),
    ("no name of a run", ("verify", ""), "no run is named"),
    ("no name of a run to recover", ("recover", ""), "no run is named"),
    ("no such run", ("verify", "nope"), "no run 'nope'"),
    ("no run at all", ("verify", "latest"), "no run 'latest'"),
    ("no run to recover", ("recover", "latest"), "no run 'latest'"),
    ("history of no incident", ("history", "--incident", "INC-9"), "no incident INC-9"),
    ("history of no notebook", ("history", "--notebook", "smaple-failure"), "did you mean sample-failure"),
    ("history of no status", ("history", "--status", "fine"), "no status 'fine'"),
    ("incident of no type", ("incident", "open", "--env", "production", "--type", "nope"), "no issue type"),
    ("incident of no severity", ("incident", "open", "--env", "production", "--severity", "x"), "no severity"),
    ("incident of no environment", ("incident", "open", "--env", "prod"), "no environment 'prod'"),
    ("incident noticed tomorrow", ("incident", "open", "--env", "production", "--noticed", "2999-01-01T00:00:00Z"), "future"),
    ("incident noticed sometime", ("incident", "open", "--env", "production", "--noticed", "noon"), "not a time"),
    ("incident noticed without a zone", ("incident", "open", "--env", "production", "--noticed", "2026-11-23T03:00"), "zone"),
    ("a note on no incident", ("incident", "note", "INC-9", "text"), "no incident INC-9"),
    ("a note on none that is open", ("incident", "note", "text"), "no incident is open"),
]  # fmt: skip


@pytest.fixture
def place(home, tmp_path):
    """The home with files that are wrong in every way; what lies there before and after is compared."""
    (tmp_path / "broken.yaml").write_text("a: [1\nb: 2")
    (tmp_path / "list.yaml").write_text("[1, 2]")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "nan.json").write_text('{"share": NaN}')
    (tmp_path / "nan.yaml").write_text("share: .nan")
    (tmp_path / "type.yaml").write_text("count: three")
    (tmp_path / "name.yaml").write_text('"a b": 1')
    return tmp_path


def everything(place):
    return sorted(str(path) for path in place.rglob("*") if "__pycache__" not in path.parts)


@pytest.mark.parametrize(("words", "says"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_bad_input_is_one_line_exit_2_and_leaves_nothing(place, call, words, says):
    before = everything(place)
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("runbook: ")
    assert says in err
    assert everything(place) == before


@pytest.mark.parametrize("words", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_with_json_the_error_is_the_only_document(place, call, words):
    code, out, err = call(*words, "--json")
    error = json.loads(out)["error"]
    assert (code, err) == (2, "")
    assert error["exit_code"] == 2
    assert set(error) == {"exit_code", "what", "where", "next"}


def test_a_home_that_is_none_is_exit_2_for_every_command(place, call, monkeypatch):
    monkeypatch.setenv("RUNBOOK_HOME", str(place / "gone"))
    for words in (("list",), ("run", "sample-failure"), ("history",), ("sandbox", "status"), ("incident", "show")):
        code, out, err = call(*words)
        assert (code, out) == (2, ""), words
        assert "RUNBOOK_HOME=" in err


def test_a_folder_for_the_runs_that_cannot_be_made_is_74(place, call):
    code, out, err = call("incident", "open", "--env", "production", "--runs", "/proc/nobody/runs")
    assert (code, out) == (74, "")
    assert "cannot make the folder of the runs" in err
    assert err.count("\n") == 1


def test_a_process_says_it_in_one_line_too(place, command):
    done = command(
        "run", "sample-failure", "--env", "production", "-p", "count", b"\xff".decode("utf-8", "surrogateescape")
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_what_a_terminal_would_obey_is_shown_instead(place, call):
    _, _, err = call("show", "\x1b[2Jgone\r")
    assert "\x1b" not in err
    assert "\r" not in err


def test_a_file_that_nobody_may_read_is_one_line(place, call, monkeypatch):
    if os.geteuid() == 0:
        (place / "secret.yaml").symlink_to("/proc/1/mem")
    else:
        (place / "secret.yaml").touch(mode=0)
    code, _, err = call(*RUN, "-f", "secret.yaml")
    assert code == 2
    assert err.count("\n") == 1


def test_a_bug_is_one_line_with_its_place(home, call, monkeypatch):
    def broken(*_words):
        raise TypeError("no such thing")

    monkeypatch.setattr("runbook.catalogue.find", broken)
    code, out, err = call("list")
    assert (code, out) == (1, "")
    assert "TypeError: no such thing" in err
    assert "test_bad_input.py:" in err
    assert err.count("\n") == 1
