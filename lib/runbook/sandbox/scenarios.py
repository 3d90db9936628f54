"""Scenarios: how the world can break, how the runbook is run then, and what must come of it. Data in params/scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from runbook.errors import SettingError
from runbook.places import root
from runbook.settings import read_yaml

FOLDER = Path("params/scenarios")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """One fault by name, with its arguments."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Expect:
    """What must come of a drill.

    ``findings`` says how single checks must end, where that is the point: ``{database.replicas: warning}``.
    ``world`` is compared key by key with the control door's ``/state``; ``survives`` are application names whose
    sessions must still be the same ones. ``recovered`` None: there was nothing to recover. Each of ``warns`` must stand in a
    warning that a plan has shown.
    """

    status: str
    exit_code: int
    causes: tuple[str, ...] = ()
    first: str | None = None
    actions: Mapping[str, str] = field(default_factory=dict)
    findings: Mapping[str, str] = field(default_factory=dict)
    recovered: bool | None = None
    warns: tuple[str, ...] = ()
    world: Mapping[str, Any] = field(default_factory=dict)
    survives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way the world breaks. ``approve`` holds ``action`` or ``action@planned``: the drill fills in the plan's id.

    ``second`` approves each ``action@planned`` as well, from another terminal; ``operator`` is who runs the drill. A parameter
    ``{name}`` is what the broken world's ``/state`` says of that name.
    """

    name: str
    title: str
    notebook: str
    expect: Expect
    faults: tuple[FaultSpec, ...] = ()
    wait_seconds: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    approve: tuple[str, ...] = ()
    second: str = ""
    mode: str = "act"


def names(home: Path | None = None) -> list[str]:
    """Every scenario that is there, sorted."""
    return sorted(path.stem for path in ((home or root()) / FOLDER).glob("*.yaml"))


def load(name: str, home: Path | None = None) -> Scenario:
    """One scenario; exit 2 when there is none of that name, or its file says something unknown."""
    home = home or root()
    if name not in names(home):
        raise SettingError(f"no scenario {name!r}; there are {', '.join(names(home))}", where="scenario",
                           next_step="choose one of them")  # fmt: skip
    where = str(FOLDER / f"{name}.yaml")
    data = read_yaml(home / FOLDER / f"{name}.yaml")
    known = _only(Scenario, data, where)
    expect = _only(Expect, known.get("expect") or {}, f"{where}: expect")
    if data.get("name") != name:
        raise SettingError(f"is named {data.get('name')!r}", where=where, next_step=f"name it {name}")
    known |= {
        "expect": _made(Expect, _frozen(expect), f"{where}: expect"),
        "faults": faults(data.get("faults") or [], where),
    }
    return _made(Scenario, _frozen(known), where)


def of_notebook(notebook: str, home: Path | None = None) -> list[str]:
    """The scenarios that drill one notebook."""
    return [name for name in names(home) if load(name, home).notebook.rsplit("/", 1)[-1] == notebook.rsplit("/", 1)[-1]]


def faults(given: Sequence[Any], where: str) -> tuple[FaultSpec, ...]:
    """A list of ``{name: {arguments}}`` or of bare names."""
    specs = []
    for each in given:
        if isinstance(each, str):
            specs.append(FaultSpec(each))
        elif isinstance(each, dict) and len(each) == 1 and isinstance(next(iter(each.values())), dict | None):
            ((name, arguments),) = each.items()
            specs.append(FaultSpec(str(name), arguments or {}))
        else:
            raise SettingError(f"not a fault: {each!r}", where=where, next_step="write name: {argument: value}")
    return tuple(specs)


def _frozen(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}


def _only(cls: type[Any], data: Mapping[str, Any], where: str) -> dict[str, Any]:
    known = {f.name for f in fields(cls)}
    if stray := sorted(set(data) - known):
        raise SettingError(f"unknown key {stray[0]!r}", where=where, next_step=f"known: {', '.join(sorted(known))}")
    return dict(data)


def _made(cls: type[T], data: Mapping[str, Any], where: str) -> T:
    try:
        return cls(**data)
    except TypeError as error:
        raise SettingError(f"not complete: {error}", where=where, next_step="fill it in") from error
