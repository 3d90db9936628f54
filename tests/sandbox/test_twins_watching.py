"""The twins that watch the site see what really happens to its visitors."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from runbook.systems import Systems

ORGANIZATION = "/api/0/organizations/agency"
OURS = "project=agency-site&environment=production"


def sentry(world: Any, path: str, **headers: str) -> Any:
    ours = {"Authorization": f"Bearer {world.secret('SENTRY_AUTH_TOKEN')}"}
    return world.ask("sentry", "GET", path, headers={**ours, **headers})


def errors(world: Any, period: str = "5m") -> int:
    path = f"{ORGANIZATION}/events/?dataset=errors&field=count()&query=level:error&statsPeriod={period}&{OURS}"
    return int(sentry(world, path).body["data"][0]["count()"])


def test_sentry_counts_the_sites_own_failures(world: Any) -> None:
    before = errors(world)
    assert before <= 2
    world.break_("bad_deployment")
    for _ in range(4):
        assert world.ask("site", "GET", "/contact").status == 500
    assert errors(world) >= 4
    issues = sentry(world, f"{ORGANIZATION}/issues/?query=is:unresolved%20level:error&statsPeriod=1h&{OURS}").body
    assert {one["culprit"]: one["level"] for one in issues if int(one["count"]) >= 4}["/contact"] == "error"
    steps = sentry(world, f"{ORGANIZATION}/events-timeseries/?dataset=errors&yAxis=count()&statsPeriod=1h&{OURS}").body
    values = steps["timeSeries"][0]["values"]
    assert len(values) == 61 and values[-1]["incomplete"] is True and sum(one["value"] for one in values) >= 4


def test_another_environment_has_no_errors(world: Any) -> None:
    path = f"{ORGANIZATION}/events/?dataset=errors&field=count()&statsPeriod=2h&environment=staging"
    assert sentry(world, path).body["data"] == [{"count()": 0}]
    assert errors(world, "2h") > 0


def test_outcomes_say_how_many_were_taken(world: Any) -> None:
    path = f"{ORGANIZATION}/stats_v2/?groupBy=outcome&field=sum(quantity)&category=error&statsPeriod=24h&project="
    groups = sentry(world, path + "4507000000000001").body["groups"]
    totals = {one["by"]["outcome"]: one["totals"]["sum(quantity)"] for one in groups}
    assert (totals["accepted"] > 0, totals["rate_limited"]) == (True, 0)
    assert sentry(world, path + "agency-site").status == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{ORGANIZATION}/events/?field=count()", 400), (f"{ORGANIZATION}/events/?dataset=errors", 400),
        (f"{ORGANIZATION}/events/?dataset=errors&field=count()&query=is:unresolved", 400),
        (f"{ORGANIZATION}/events/?dataset=transactions&field=count()", 400),
        (f"{ORGANIZATION}/events/?dataset=errors&field=count()&statsPeriod=soon", 400),
        (f"{ORGANIZATION}/events/?dataset=errors&field=count()&project=other", 403),
        (f"{ORGANIZATION}/issues/?limit=500", 400), (f"{ORGANIZATION}/issues", 404),
        ("/api/0/organizations/other/issues/", 404), ("/api/0/projects/agency/other/", 404),
    ],
)  # fmt: skip
def test_sentry_refuses_what_it_refuses(world: Any, path: str, status: int) -> None:
    answer = sentry(world, path)
    assert (answer.status, set(answer.body)) == (status, {"detail"})
    assert status == 404 or int(answer.headers["x-sentry-rate-limit-reset"]) > 1e9


def test_sentry_tells_which_token_is_wrong_and_what_is_retired(world: Any) -> None:
    path = "/api/0/projects/agency/agency-site/"
    assert sentry(world, path).body["organization"]["slug"] == "agency"
    assert sentry(world, path, Authorization="").status == 401
    assert sentry(world, path, Authorization="Bearer no").body == {"detail": "Invalid token"}
    assert sentry(world, path, Authorization="Bearer sntrys_ci").status == 403
    retired = sentry(world, f"{ORGANIZATION}/alert-rules/")
    assert (retired.status, retired.body) == (410, {"message": "This API no longer exists."})
    assert "workflows" in retired.headers["x-sentry-replacement-endpoint"]


def tinybird(world: Any, query: str, **headers: str) -> Any:
    ours = {"Authorization": f"Bearer {world.secret('TINYBIRD_TOKEN')}"}
    return world.ask("tinybird", "GET", f"/v0/sql?q={quote(query)}", headers={**ours, **headers})


LAST = (
    "SELECT count() AS n, countIf(error = 1) AS failed FROM web_requests WHERE timestamp >= now() - INTERVAL 5 MINUTE"
)


def test_tinybird_really_runs_the_statement_over_the_sites_visits(world: Any) -> None:
    before = tinybird(world, f"{LAST} FORMAT JSON").body
    assert 100 <= int(before["data"][0]["n"]) <= 140 and int(before["data"][0]["failed"]) <= 2
    assert {one["name"] for one in before["meta"]} == {"n", "failed"} and "elapsed" in before["statistics"]
    world.break_("bad_deployment")
    for _ in range(4):
        assert world.ask("site", "GET", "/contact").status == 500
    path = "SELECT countIf(error = 1) AS failed FROM web_requests WHERE path = '/contact' FORMAT JSON"
    assert int(tinybird(world, path).body["data"][0]["failed"]) >= 4


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT count_if(error = 1) FROM web_requests FORMAT JSON", "count_if"),  # the Markdown runbook's own
        ("SELECT quantile(0.95, response_time) FROM web_requests FORMAT JSON", "quantile"),
        ("SELECT 1; FORMAT JSON", "Multi-statements"),
        ("DROP TABLE web_requests", "Only SELECT"),
        ("", "empty"),
        ("SELECT * FROM file('/etc/passwd', 'LineAsString') FORMAT JSON", "restricted"),
        ("SELECT * FROM nowhere FORMAT JSON", "nowhere"),
    ],
)
def test_tinybird_refuses_what_clickhouse_and_it_refuse(world: Any, query: str, said: str) -> None:
    answer = tinybird(world, query)
    assert (answer.status, set(answer.body)) == (400, {"error", "documentation"}) and said in answer.body["error"]


def test_tinybird_answers_text_unless_it_is_told_to_answer_json(world: Any) -> None:
    assert tinybird(world, "SELECT 'a;b' AS a, 2").body == "a;b\t2"
    answer = tinybird(world, "SELECT 1 FORMAT JSON", Authorization="Bearer p.other_region")
    assert (answer.status, "invalid authentication token" in answer.body["error"]) == (403, True)


def test_the_client_reads_what_the_twin_says_and_silence_as_silence(world: Any, systems: Systems) -> None:
    seen = systems.tinybird.requests(5)
    assert seen.count >= 100 and seen.p95_ms and seen.average_ms and seen.last_row_seconds_ago is not None
    assert {one.path for one in systems.tinybird.worst_paths(60)} >= {"/", "/contact"}
    empty = systems.tinybird.rows("SELECT avg(response_time) AS a FROM web_requests WHERE path = 'nowhere'")
    assert empty == [{"a": None}]
