"""The example profile: whole, loadable once copied, and free of secrets."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from runbook import places, settings
from runbook.profile import CalcomTarget, Profile
from runbook.record.mask import Masker

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "params/environments/production.example.yaml"
PARTS = [field.name for field in fields(Profile) if field.name not in ("name", "sandbox")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which somebody has copied the example and changed nothing."""
    folder = tmp_path / "params/environments"
    folder.mkdir(parents=True)
    (folder / "production.yaml").write_bytes(EXAMPLE.read_bytes())
    (folder / EXAMPLE.name).write_bytes(EXAMPLE.read_bytes())
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    for name in settings.ID_NAMES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def written() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text("utf-8"))
    return found


def test_a_copy_of_it_is_a_profile_and_the_example_itself_is_none(home: Path) -> None:
    assert places.profile_names() == ["production"]
    profile = settings.load_profile("production")
    assert profile.name == "production"
    assert not profile.sandbox
    assert all(getattr(profile, part) is not None for part in PARTS)


def test_it_shows_every_field_there_is_and_only_those(home: Path) -> None:
    profile = settings.load_profile("production")
    shown = {part: set(keys) for part, keys in written().items() if part != "sandbox"}
    assert shown == {part: {field.name for field in fields(getattr(profile, part))} for part in PARTS}


def test_what_it_writes_has_the_types_that_identities_are_compared_with(home: Path) -> None:
    texts = {
        f"{part}.{key}": value for part, keys in written().items() if part != "sandbox" for key, value in keys.items()
    }
    assert [name for name, value in texts.items() if not isinstance(value, (str, list, dict))] == []


def test_an_id_variable_that_disagrees_with_it_stops(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_PROJECT_ID", "anotheranotheranothe")
    with pytest.raises(settings.SettingError, match="SUPABASE_PROJECT_ID is anotheranotheranothe"):
        settings.load_profile("production")


def test_it_holds_no_secret_and_names_the_variables_that_do() -> None:
    text = EXAMPLE.read_text("utf-8")
    assert Masker({}, b"test").found_in(text.encode()) == []
    assert not re.search(r"\w+://[^\s/]*@", text)
    named = {"DATABASE_URL", "POOLER_URL", "SUPABASE_API_KEY", "VERCEL_TOKEN", "LD_API_KEY", "REDIS_URL", "SMTP_URL"}
    assert named <= set(re.findall(r"\b[A-Z]+_[A-Z_]+\b", text)) & {*settings.SECRET_NAMES}
    assert set(re.findall(r"\b[A-Z]{2,}_[A-Z_]+\b", text)) <= {
        *settings.SECRET_NAMES,
        *settings.ID_NAMES,
        "CLERK_JWT_KEY",
        "CLERK_SECRET_KEY",
        "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY",
        *CalcomTarget("", "").triggers,
    }  # three are the site's own, at Vercel; triggers are words of Cal.com's


def test_each_identity_that_a_run_compares_is_marked_as_one() -> None:
    lines = EXAMPLE.read_text("utf-8").splitlines()
    for key in ("project_ref", "project_id", "environment_key"):
        at = next(index for index, line in enumerate(lines) if line.strip().startswith(f"{key}:"))
        assert "Identity" in lines[at - 1], f"{key} is compared on open, and nothing says so"
