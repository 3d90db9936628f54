"""Cal.com's API: what it refuses, what it changes, and what comes when the version is left out."""

from __future__ import annotations

from typing import Any

import pytest

VERSION = {"cal-api-version": "2024-08-13"}


def cal(world: Any, method: str, path: str, body: Any = None, **headers: str) -> Any:
    ours = {"Authorization": f"Bearer {world.secret('CALCOM_API_KEY')}", **VERSION}
    return world.ask("calcom", method, f"/v2{path}", body, headers={**ours, **headers})


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/bookings?take=0", None, 400, "BadRequestException"),
        ("GET", "/bookings?sortUpdatedAt=up", None, 400, "BadRequestException"),
        ("GET", "/bookings?afterUpdatedAt=yesterday", None, 400, "BadRequestException"),
        ("GET", "/bookings/1", None, 404, "NotFoundException"),
        ("GET", "/webhooks?take=251", None, 400, "BadRequestException"),
        ("GET", "/webhooks/9002", None, 404, "NotFoundException"),
        ("GET", "/organizations/78/webhooks", None, 403, "ForbiddenException"),
        ("GET", "/event-types/102/webhooks", None, 404, "NotFoundException"),
        ("GET", "/calendars/outlook/check", None, 400, "BadRequestException"),
        ("PATCH", "/webhooks/9001", {"active": "yes"}, 400, "BadRequestException"),
        ("PATCH", "/webhooks/9001", [], 400, "BadRequestException"),
        ("POST", "/bookings/bk_1/resync", {}, 404, "NotFoundException"),
    ],
)
def test_cal_refuses_what_it_refuses(world: Any, method: str, path: str, body: Any, status: int, code: str) -> None:
    before = len(world.changes())
    answer = cal(world, method, path, body)
    assert (answer.status, answer.body["status"], answer.body["error"]["code"]) == (status, "error", code)
    assert answer.body["path"].startswith("/v2/") and world.changes(before) == []


def test_the_key_comes_as_bearer_and_in_no_other_form(world: Any) -> None:
    key = world.secret("CALCOM_API_KEY")
    forms = {
        f"Bearer {key}": 200,
        key: 401,
        f"Basic {key}": 401,
        "Bearer cal_live_other": 401,
        "Bearer other": 401,
        "": 401,
    }
    assert {form: cal(world, "GET", "/me", Authorization=form).status for form in forms} == forms
    assert cal(world, "GET", f"/me?apiKey={key}", Authorization="").status == 401


def test_v1_is_gone_whoever_asks(world: Any) -> None:
    assert world.ask("calcom", "GET", "/v1/webhooks?apiKey=x").status == 410


def test_without_its_version_a_booking_comes_in_another_shape_and_no_error(world: Any) -> None:
    old = cal(world, "GET", "/bookings?take=1", **{"cal-api-version": ""})
    assert old.status == 200 and set(old.body["data"]["bookings"][0]) >= {"startTime", "endTime"}
    assert "start" not in cal(world, "GET", "/bookings/bk_1", **{"cal-api-version": "2024-04-15"}).body["data"]
    assert cal(world, "GET", "/bookings/bk_1").body["data"]["start"]
    assert cal(world, "GET", "/bookings", **{"cal-api-version": "2030-01-01"}).status == 404


def test_bookings_come_by_when_they_changed(world: Any) -> None:
    every = cal(world, "GET", "/bookings?sortUpdatedAt=asc&take=2&skip=3").body
    assert [one["uid"] for one in every["data"]] == ["bk_4", "bk_5"]
    assert every["pagination"]["hasNextPage"] and every["pagination"]["totalItems"] == 40
    since = every["data"][0]["updatedAt"]
    later = cal(world, "GET", f"/bookings?afterUpdatedAt={since}&sortUpdatedAt=desc&take=100").body
    assert len(later["data"]) == 37 and later["data"][0]["uid"] == "bk_40" and not later["pagination"]["hasNextPage"]
    assert cal(world, "GET", "/bookings?skip=100").body["data"] == []


def test_a_webhook_is_switched_once_and_a_name_that_nobody_knows_is_dropped(world: Any) -> None:
    before = len(world.changes())
    for _ in range(2):
        assert cal(world, "PATCH", "/webhooks/9001", {"active": False, "colour": "red"}).body["data"]["active"] is False
    assert cal(world, "GET", "/webhooks").body["data"][0]["active"] is False
    assert [row["objects"] for row in world.changes(before)] == [["9001"]]
