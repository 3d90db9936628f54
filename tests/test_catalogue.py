"""Which procedures there are, and which values their parameters take."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runbook import catalogue
from runbook.errors import SettingError

CHECKOUT = Path(__file__).resolve().parents[1]
CELL = """incident: str = ""  # Incident id
count: int = 3  # How many
deep: bool = False  # Whether to look deeper
share: float = 0.5  # Which part
names: list[str] = []  # Whom
limits: dict[str, int] = {}  # How far
"""


def notebook(folder: Path, name: str, source: str = CELL, **change) -> Path:
    cells = [
        {
            "cell_type": "markdown",
            "id": "head",
            "metadata": {},
            "source": ["| Changes production? | yes |\n", "\n", f"# {name}"],
        },
        {
            "cell_type": "markdown",
            "id": "symptom",
            "metadata": {},
            "source": '## Symptom\n\n- "It **hurts**"\n- much\n\n*Not this*: x',
        },
        {"cell_type": "code", "id": "p", "metadata": {"tags": ["parameters"]}, "source": source},
    ]
    path = folder / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, **change}))
    return path


@pytest.fixture
def procedure(tmp_path):
    return catalogue.load(notebook(tmp_path / "notebooks" / "respond", "sample"))


def test_a_procedure_is_read_from_its_notebook(procedure):
    assert (procedure.name, procedure.title, procedure.category) == ("sample", "sample", "respond")
    assert procedure.changes
    assert procedure.symptom == '"It hurts" much'
    assert procedure.parameters[1] == catalogue.Parameter("count", "int", 3, "How many")


def test_local_notebooks_are_found_and_drafts_are_not(tmp_path):
    for place in ("respond/a", "local/b", "local/_draft", "elsewhere/c"):
        notebook(tmp_path / "notebooks" / place.split("/")[0], place.split("/")[1])
    assert [one.name for one in catalogue.find(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize("name", ["sample", "respond/sample", "notebooks/respond/sample.ipynb"])
def test_a_procedure_has_a_short_and_a_long_name(tmp_path, name):
    notebook(tmp_path / "notebooks" / "respond", "sample")
    assert catalogue.get(tmp_path, name).name == "sample"


@pytest.mark.parametrize(
    "name", ["smaple", "../sample", "local/sample", "", "/etc/passwd", "respond/../respond/sample"]
)
def test_a_name_that_is_none_is_refused(tmp_path, name):
    notebook(tmp_path / "notebooks" / "respond", "sample")
    with pytest.raises(SettingError, match="no notebook"):
        catalogue.get(tmp_path, name)


def test_the_nearest_name_is_offered(tmp_path):
    notebook(tmp_path / "notebooks" / "respond", "sample")
    with pytest.raises(SettingError, match="did you mean sample"):
        catalogue.get(tmp_path, "smaple")


def test_a_name_in_two_folders_needs_the_folder(tmp_path):
    for folder in ("respond", "local"):
        notebook(tmp_path / "notebooks" / folder, "sample")
    with pytest.raises(SettingError, match="respond/sample and local/sample"):
        catalogue.get(tmp_path, "sample")
    assert catalogue.get(tmp_path, "local/sample").category == "local"


GOOD = [
    ("count", "12", 12), ("count", "-1", -1), ("count", 12, 12),
    ("deep", "true", True), ("deep", "false", False), ("deep", True, True),
    ("share", "0.25", 0.25), ("share", "2", 2.0), ("share", 2, 2),
    ("incident", "INC-1", "INC-1"), ("incident", "true", "true"), ("incident", "ü", "ü"),
    ("names", '["a", "b"]', ["a", "b"]), ("names", ["a"], ["a"]),
    ("limits", '{"a": 1}', {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "read"), GOOD)
def test_a_value_of_the_declared_type_is_taken(procedure, name, value, read):
    found = catalogue.coerce(procedure, {name: value}, "-p")[name]
    assert found == read
    assert type(found) is type(read)


BAD = [
    ("count", "abc"), ("count", "1_000"), ("count", "1e3"), ("count", "1.0"), ("count", " 1"), ("count", "+1"),
    ("count", "٣"), ("count", "9" * 5000), ("count", True), ("count", 1.0), ("count", None), ("count", ""),
    ("deep", "yes"), ("deep", "True"), ("deep", "1"), ("deep", 1), ("deep", ""),
    ("share", "nan"), ("share", "inf"), ("share", float("nan")), ("share", float("inf")), ("share", True),
    ("share", "1_0.5"),
    ("incident", 5), ("incident", None), ("incident", "\udcff"), ("incident", ["a"]),
    ("names", "a,b"), ("names", "[1]"), ("names", '{"a": 1}'), ("names", [None]),
    ("limits", '{"a": "b"}'), ("limits", {1: 1}), ("limits", "[]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_value_of_another_type_is_refused_in_one_line(procedure, name, value):
    with pytest.raises(SettingError) as refused:
        catalogue.coerce(procedure, {name: value}, "-p")
    assert str(refused.value).startswith(f"-p: {name}: ")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("name", ["cuont", "x;import os", "__class__", "Count", ""])
def test_a_name_that_is_not_declared_is_refused(procedure, name):
    with pytest.raises(SettingError, match="no parameter"):
        catalogue.coerce(procedure, {name: "1"}, "-p")


@settings(database=None)
@given(st.text(max_size=30))
def test_whatever_is_typed_for_a_number_is_that_number_or_refused(text):
    procedure = catalogue.Procedure("n", Path("n"), "respond", "n", "", False, (catalogue.Parameter("count", "int", 0, ""),), "", {})  # fmt: skip
    try:
        value = catalogue.coerce(procedure, {"count": text}, "-p")["count"]
    except SettingError:
        return
    assert str(value) == text.lstrip("0") or int(text) == value


@pytest.mark.parametrize(
    "source",
    ["count = 3", "count: int", "import os", "count: int = os.getpid()", "count: int = 3; x()", "for", "a.b: int = 3"],
)
def test_a_parameters_cell_that_is_not_one_names_the_file(tmp_path, source):
    path = notebook(tmp_path / "notebooks" / "respond", "odd", source)
    with pytest.raises(SettingError) as refused:
        catalogue.load(path)
    assert "odd.ipynb" in str(refused.value)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"{}", b'{"cells": 3}', b'{"cells": [1]}', b"\xff\xfe", b'{"cells": [{}]}']
)
def test_a_file_that_is_no_notebook_is_refused(tmp_path, raw):
    path = tmp_path / "broken.ipynb"
    path.write_bytes(raw)
    with pytest.raises(SettingError, match="not a notebook"):
        catalogue.load(path)


def test_what_papermill_injected_is_read_back():
    assert catalogue.injected('# Parameters\na = 1\nb = "x"\nc = [True, None]\n') == {
        "a": 1,
        "b": "x",
        "c": [True, None],
    }


def test_every_procedure_of_the_checkout_is_readable():
    found = catalogue.find(CHECKOUT)
    assert found
    for one in found:
        assert one.title == one.name
        assert one.symptom
        assert catalogue.coerce(one, {p.name: p.default for p in one.parameters}, "default")
