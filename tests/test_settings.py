"""Which environment is meant, and where its secrets come from."""

import json
import os
from pathlib import Path

import pytest
from runbook import places, settings
from runbook.errors import Fault, SettingError, SystemFault

CHECKOUT = Path(__file__).resolve().parents[1]
PRODUCTION = """
supabase: {url: https://api.supabase.com, project_ref: abcdefghijklmnopqrst, region: eu-central-1, status_url: https://s}
database: {project_ref: abcdefghijklmnopqrst, system_identifier: "7", direct_variable: PROD_DATABASE_URL}
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A checkout with two profiles and an empty environment."""
    folder = tmp_path / "params" / "environments"
    folder.mkdir(parents=True)
    (folder / "sandbox.yaml").write_text((CHECKOUT / "params/environments/sandbox.yaml").read_text())
    (folder / "production.yaml").write_text(PRODUCTION)
    (folder / "staging.example.yaml").write_text("sandbox: false")
    for name in (
        *settings.SECRET_NAMES,
        *settings.ID_NAMES,
        *settings.ALIASES,
        "RUNBOOK_ENV",
        "RUNBOOK_RUNS",
        "RUNBOOK_SANDBOX",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    return tmp_path


def sandbox_state(home: Path, **changed):
    state = {
        "pid": os.getpid(),
        "urls": {name: "http://127.0.0.1:1" for names in settings.SANDBOX_URLS.values() for name in names.values()},
        "ids": {"system_identifier": "42"},
        "secrets": {"DATABASE_URL": "postgresql://runbook:hunter2hunter2@127.0.0.1:9/postgres"},
    }  # fmt: skip
    path = home / ".runbook" / "sandbox" / "state.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(state | changed))


def test_the_root_is_the_nearest_parent_with_profiles(home, monkeypatch):
    monkeypatch.delenv("RUNBOOK_HOME")
    below = home / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert places.root() == home


def test_examples_are_not_environments(home):
    assert places.profile_names() == ["production", "sandbox"]


def test_without_a_choice_two_profiles_are_a_question_and_one_sandbox_is_an_answer(home):
    with pytest.raises(SettingError, match="no environment chosen"):
        settings.choose_profile(None)
    (home / "params/environments/production.yaml").unlink()
    assert settings.choose_profile(None) == "sandbox"


def test_the_option_wins_over_the_variable_and_that_over_the_incident(home, monkeypatch):
    assert settings.choose_profile(None, "production") == "production"
    monkeypatch.setenv("RUNBOOK_ENV", "sandbox")
    assert settings.choose_profile(None, "production") == "sandbox"
    assert settings.choose_profile("production", None) == "production"


def test_a_sandbox_that_is_not_running_is_said_with_the_command(home):
    with pytest.raises(SettingError, match="no sandbox is running.*runbook sandbox up"):
        settings.load_profile("sandbox")


def test_the_sandbox_takes_no_secret_from_the_environment(home, monkeypatch):
    sandbox_state(home)
    monkeypatch.setenv("VERCEL_TOKEN", "a-real-token-of-production")
    secrets = settings.load_secrets(settings.load_profile("sandbox"))
    assert secrets.get("VERCEL_TOKEN") is None
    assert "hunter2" not in repr(secrets)


def test_the_sandbox_must_be_on_loopback(home):
    names = {name for parts in settings.SANDBOX_URLS.values() for name in parts.values()}
    sandbox_state(home, urls=dict.fromkeys(names, "https://api.supabase.com"))
    with pytest.raises(SettingError, match="not on this machine"):
        settings.load_profile("sandbox")


def test_an_id_of_another_project_is_refused(home, monkeypatch):
    monkeypatch.setenv("SUPABASE_PROJECT_ID", "zzzzzzzzzzzzzzzzzzzz")
    with pytest.raises(SettingError, match="SUPABASE_PROJECT_ID is zzzz.*the profile says abcd"):
        settings.load_profile("production")


def test_another_project_of_sentry_is_refused(home, monkeypatch):
    with (home / "params/environments/production.yaml").open("a") as file:
        file.write(
            "sentry: {url: https://us.sentry.io, organization: agency, project: site, environment: production}\n"
        )
    monkeypatch.setenv("SENTRY_ORG", "agency")
    assert settings.load_profile("production").sentry.project == "site"
    monkeypatch.setenv("SENTRY_PROJECT", "other")
    with pytest.raises(SettingError, match="SENTRY_PROJECT is other, the profile says site"):
        settings.load_profile("production")


def test_an_alias_that_differs_from_its_name_is_refused(home, monkeypatch):
    monkeypatch.setenv("SUPABASE_ACCESS_TOKEN", "one-token")
    monkeypatch.setenv("SUPABASE_API_KEY", "another-token")
    with pytest.raises(SettingError, match="both set and differ"):
        settings.load_secrets(settings.load_profile("production"))


def test_the_leaked_value_stands_beside_the_new_one_under_an_alias_too(home, monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "the new one")
    monkeypatch.setenv("STRIPE_SECRET_KEY_OLD", "the leaked one")
    monkeypatch.setenv("CLERK_SECRET_KEY_OLD", "of clerk")
    known = settings.load_secrets(settings.load_profile("production")).known()
    assert known == {
        "STRIPE_SECRET_KEY": "the new one", "STRIPE_SECRET_KEY_OLD": "the leaked one", "CLERK_API_KEY_OLD": "of clerk",
    }  # fmt: skip
    assert settings.secrets_set()["STRIPE_SECRET_KEY_OLD"] == "the leaked one"


def test_a_dotenv_that_others_can_read_is_refused(home):
    (home / ".env").write_text("VERCEL_TOKEN=abc\n")
    (home / ".env").chmod(0o644)
    with pytest.raises(SettingError, match="chmod 600"):
        settings.load_secrets(settings.load_profile("production"))


def test_an_owner_only_dotenv_gives_secrets_and_the_environment_wins(home, monkeypatch):
    (home / ".env").write_text("VERCEL_TOKEN=of-the-file\nSUPABASE_API_KEY=sbp_file\nEDITOR=vi\n")
    (home / ".env").chmod(0o600)
    monkeypatch.setenv("VERCEL_TOKEN", "of-the-environment")
    secrets = settings.load_secrets(settings.load_profile("production"))
    assert secrets.need("VERCEL_TOKEN") == "of-the-environment"
    assert secrets.need("SUPABASE_API_KEY") == "sbp_file"
    assert "EDITOR" not in secrets.known()


def test_a_missing_secret_is_a_fault_with_its_name(home):
    with pytest.raises(SystemFault, match="STRIPE_SECRET_KEY is not set") as fault:
        settings.load_secrets(settings.load_profile("production")).need("STRIPE_SECRET_KEY")
    assert fault.value.fault is Fault.NOT_SET


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("supabse: {}", "unknown key 'supabse'"),
        ("site: {ulr: x}", "unknown key 'ulr'"),
        ("site: {url: x}", "missing 'portal_url'"),
        ("[1, 2]", "holds no mapping"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_a_wrong_profile_is_said_with_file_and_key(home, text, said):
    (home / "params/environments/production.yaml").write_text(text)
    with pytest.raises(SettingError, match="production.yaml") as error:
        settings.load_profile("production")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_sandbox_of_an_older_checkout_is_named_as_that(home):
    sandbox_state(home, urls={"supabase": "http://127.0.0.1:1"})
    with pytest.raises(SettingError, match=r"older one, without calcom.*runbook sandbox down"):
        settings.load_profile("sandbox")
