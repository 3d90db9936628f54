"""Secrets in every form they are met in; ordinary text stays as it is."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runbook.record.mask import Masker, mask_key

SECRET = "s3cr&t/with+odd=chars"
KEY = b"key"


@pytest.fixture
def masker():
    return Masker({"STRIPE_SECRET_KEY": SECRET, "DATABASE_URL": "postgresql://app:p%40ssw0rd!@host:5432/db"}, KEY)


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"before {SECRET} after",
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        json.dumps({"k": SECRET}),
        repr(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(b"x" + SECRET.encode() + b"y").decode(),
        base64.b64encode(b"xy" + SECRET.encode() + b"z").decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        "p@ssw0rd!",
        "p%40ssw0rd!",
        "postgresql://app:p%40ssw0rd!@host:5432/db",
    ],
)
def test_a_declared_secret_is_masked_in_every_form(masker, text):
    masked = masker.text(text)
    assert "[STRIPE_SECRET_KEY:" in masked or "[DATABASE_URL:" in masked
    assert SECRET not in masked
    assert "ssw0rd" not in masked


@pytest.mark.parametrize(
    "text",
    [
        "sk_" + "live_51Habcdefghijklmnop",
        "rk_" + "live_51Habcdefghijklmnop",
        "whsec_" + "abcdefghijklmnop1234",
        "sbp_" + "0123456789abcdef0123456789abcdef01234567",
        "sb_secret_" + "0123456789abcdef0123456789",
        "xoxb-" + "123456789012-abcdefghij",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghijkl",
        "postgres://someone:letmein@10.0.0.1/db",
        "Authorization: Bearer abcdefgh12345678",
        "{'authorization': 'Basic dXNlcjpwYXNz'}",
        "Cookie: session=abcdefgh12345",
        "host=db password=letmein99",
        "api-" + "01234567-89ab-cdef-0123-456789abcdef",
    ],
)
def test_a_secret_nobody_declared_is_known_by_its_shape(text):
    assert ":" in Masker({}, KEY).text(text)
    assert Masker({}, KEY).text(text) != text


@pytest.mark.parametrize(
    "text",
    [
        "SUPABASE_PROJECT_ID sandboxsandboxsandbo",
        "dpl_ae1e3905273ac561aaa130747716 is in production",
        "https://supabase.com/docs?x=1",
        "the password is wrong; it is not tried again",
        "evt_1NG8Du2eZvKYlo2CUI79vXWy",
        "2026-11-23T10:00:00.000Z 4711@2026-11-23T10:00:00.123456Z",
        "sk_live is a prefix",
        "a cookie banner",
    ],
)
def test_ordinary_text_is_left_alone(text):
    assert Masker({"SHORT": "1234567"}, KEY).text(text) == text


def test_the_same_secret_gives_the_same_tag_and_another_another(masker):
    other = Masker({"STRIPE_SECRET_KEY": "quite-another-one"}, KEY)
    assert masker.text(SECRET) == masker.text(SECRET)
    assert masker.text(SECRET) != other.text("quite-another-one")


def test_json_is_masked_in_values_and_keys(masker):
    value = masker.json(
        {"a": [SECRET, {"b": SECRET}], SECRET: 1, "image/svg+xml": SECRET, "image/png": {"alt": SECRET}}
    )
    assert SECRET not in json.dumps(value)


def test_a_picture_is_left_as_it_is_but_for_secrets_and_comments(masker):
    pixels = base64.b64encode(b"GIF89a" + bytes(range(256))).decode()
    assert masker.json({"image/gif": pixels})["image/gif"] == pixels
    told = masker.json({"image/jpeg": b"\xff\xd8" + SECRET.encode() + b"\xff\xd9", "image/png": SECRET})
    assert base64.b64decode(told["image/jpeg"]) == b"\xff\xd8" + b"*" * len(SECRET) + b"\xff\xd9"
    assert SECRET not in told["image/png"]


@settings(max_examples=200, database=None)
@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.integers(1, 30), max_size=6))
def test_a_secret_split_over_writes_is_found(before, after, cuts):
    masker = Masker({"TOKEN": SECRET}, KEY)
    whole = before + SECRET + after
    stream, shown, at = masker.stream(), "", 0
    for cut in [*cuts, len(whole)]:
        shown += stream.feed(whole[at : at + cut])
        at += cut
    shown += stream.feed(whole[at:]) + stream.flush()
    assert SECRET not in shown
    assert shown.count("[TOKEN:") >= 1


def test_text_that_cannot_begin_a_secret_is_not_held_back(masker):
    stream = masker.stream()
    assert stream.feed("a line\n") == "a line\n"


def test_the_gate_names_what_stands_in_bytes(masker):
    assert masker.found_in(b"x " + SECRET.encode() + b" y")[0].startswith("[STRIPE_SECRET_KEY:")
    assert masker.found_in(b"nothing here") == []


def test_the_key_is_made_once_and_owner_only(tmp_path):
    key = mask_key(tmp_path / "runs")
    assert mask_key(tmp_path / "runs") == key
    assert (tmp_path / "runs" / ".mask.key").stat().st_mode & 0o777 == 0o600


def test_the_end_of_a_secret_is_known_but_not_the_domain_of_a_mail_address():
    masker = Masker(
        {"AUTH_TEST_PASSWORD": "q0m?v6B;Z<&@ZHQPIRnpi", "AUTH_TEST_USER": "on-call@agency-example.test"}, KEY
    )
    assert "ZHQPIRnpi" not in masker.text("...;Z<&@ZHQPIRnpi is wrong")
    assert masker.text("mira@agency-example.test") == "mira@agency-example.test"
    assert "on-call" not in masker.text("on-call@agency-example.test")
