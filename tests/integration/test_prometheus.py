"""The dashboard and the alerts, against a real Prometheus that scrapes a real server."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from server.observability.families import families
from tests.support.parts import requires
from tests.support.processes import LOOPBACK, server_process, wait_until
from tests.support.prometheus import ALERTS, DEPLOY, Prometheus, start_prometheus
from tests.support.server import talking_to

DASHBOARD = DEPLOY / "grafana" / "mayfly.json"
SCHEMA = DEPLOY / "grafana" / "dashboard.schema.json"
COMPARISON = re.compile(r" (==|>) [\d.]+$")
NAME = re.compile(r"\b(?:mayfly|process)_\w+")
SUFFIX = re.compile(r"_(bucket|sum|count)$")
PROCESS = {"process_cpu_seconds_total"}
ANSWER_LIMIT_S = 10.0
TIMED = "histogram_quantile"
"""How an alert about times begins. How long something took once, on a busy machine, it has to bear."""
UNUSED = {"Webhooks that wait", "Webhooks", "Files refused by quota"}
"""Panels about what the server of this test does not have."""


def dashboard() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return made


def panels() -> Iterator[tuple[str, str]]:
    """(title, query) of each query of the dashboard, with what Grafana puts in for its variables."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            query = target["expr"].replace("$__rate_interval", "10s")
            yield panel["title"], query.replace("$job", ".*").replace("$instance", ".*")


def alerts() -> dict[str, str]:
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


@pytest.fixture(scope="module")
def prometheus() -> Iterator[Prometheus]:
    """One that has scraped a server in which something of everything has happened, more than once."""
    requires("prometheus")
    with server_process(MESSAGE_LOG="on", LOG_LEVEL="error") as server:
        running = start_prometheus(f"{LOOPBACK}:{server.port}")
        try:
            asyncio.run(lively(server.url))
            scraped(running)
            asyncio.run(lively(server.url))
            scraped(running)
            yield running
        finally:
            running.close()


def scraped(prometheus: Prometheus) -> None:
    """Return once it has seen all that has happened so far."""

    def count() -> float:
        result = prometheus.query("sum(sum_over_time(up[1h]))")
        return float(result[0]["value"][1]) if result else 0.0

    seen = count()
    wait_until(lambda: count() >= seen + 3, "three scrapes")


async def lively(url: str) -> None:
    async with talking_to(url) as server:
        made = await server.room(log=True)
        room = made["roomId"]
        first, _ = await server.seated(room, hostKey=made["hostKey"])
        second, two = await server.seated(room)
        await first.ok("send-message", roomId=room, text="hello")
        await first.ok("offer", roomId=room, to=two["self"]["id"], description={"type": "offer", "sdp": "v=0"})
        third = await server.connect()
        resume = {"participantId": two["self"]["id"], "resumeToken": two["resumeToken"]}
        await third.ok("join-room", roomId=room, resume=resume)
        await second.refused("join-room", roomId="nowhere")
        await third.ok("leave-room", roomId=room)
        await first.ok("end-room", roomId=room)


@pytest.mark.parametrize(("title", "query"), list(panels()), ids=lambda value: value[:60])
def test_every_query_of_the_dashboard_finds_something(prometheus: Prometheus, title: str, query: str) -> None:
    if title not in UNUSED:
        wait_until(lambda: prometheus.query(query) != [], f"an answer to {title}: {query}", ANSWER_LIMIT_S)
    assert all(one["value"][1] != "" for one in prometheus.query(query))


@pytest.mark.parametrize(("alert", "query"), list(alerts().items()), ids=list(alerts()))
def test_every_alert_looks_at_something_and_is_quiet(prometheus: Prometheus, alert: str, query: str) -> None:
    watched, changed = COMPARISON.subn("", query)
    assert changed == 1
    wait_until(lambda: prometheus.query(watched) != [], f"an answer to {watched}", ANSWER_LIMIT_S)
    if not query.startswith(TIMED):
        wait_until(lambda: prometheus.query(query) == [], f"no answer to {query}", ANSWER_LIMIT_S)
    firing = [one["labels"] for one in prometheus.api("alerts")["alerts"] if one["state"] == "firing"]
    assert [labels for labels in firing if labels["alertname"] == alert] == []


def test_prometheus_has_loaded_the_rules(prometheus: Prometheus) -> None:
    wait_until(
        lambda: all(rule["health"] == "ok" for group in prometheus.api("rules")["groups"] for rule in group["rules"]),
        "healthy rules",
    )
    loaded = [rule["name"] for group in prometheus.api("rules")["groups"] for rule in group["rules"]]
    assert loaded == list(alerts())


@pytest.mark.parametrize(
    "command",
    [("check", "rules", "alerts.yml"), ("test", "rules", "alerts.test.yml"), ("check", "config", "prometheus.yml")],
    ids=" ".join,
)
def test_each_alert_fires_in_trouble_and_none_in_good_times(command: tuple[str, ...]) -> None:
    requires("prometheus")
    done = subprocess.run(["promtool", *command], cwd=ALERTS.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_test_in_which_it_fires() -> None:
    text = (ALERTS.parent / "alerts.test.yml").read_text()
    assert [name for name in alerts() if name not in text] == []


def test_dashboard_and_alerts_name_only_what_there_is() -> None:
    known = {one.shown for one in families()} | PROCESS
    for query in [*(query for _, query in panels()), *alerts().values()]:
        for name in NAME.findall(query):
            assert name in known or SUFFIX.sub("", name) in known, query


def test_every_metric_is_on_the_dashboard() -> None:
    text = DASHBOARD.read_text()
    assert [one.shown for one in families() if one.name not in text] == []


def test_the_dashboard_is_of_the_schema() -> None:
    schema = json.loads(SCHEMA.read_text())
    Draft202012Validator.check_schema(schema)
    faults = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(dashboard())]
    assert faults == []


def test_grafana_s_own_model_of_a_dashboard_knows_every_field() -> None:
    """Read and written by Grafana's Foundation SDK it is the same: a field that Grafana does not know would be lost."""
    register_default_plugins()
    back = json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard())))
    assert list(lost(dashboard(), back)) == []


def lost(given: Any, back: Any, path: str = "$") -> Iterator[str]:
    """Where `back` has not what was given; it may have more, which are defaults."""
    if isinstance(given, dict) and isinstance(back, dict):
        for name, value in given.items():
            yield from lost(value, back.get(name, "nothing"), f"{path}.{name}")
    elif isinstance(given, list) and isinstance(back, list) and len(given) == len(back):
        for number, (one, other) in enumerate(zip(given, back, strict=True)):
            yield from lost(one, other, f"{path}[{number}]")
    elif given != back:
        yield path


def test_no_panel_covers_another() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in dashboard()["panels"]:
        grid = panel["gridPos"]
        assert grid["x"] + grid["w"] <= 24
        for cell in (
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        ):
            assert cell not in taken, f"{panel['title']} covers {taken.get(cell)}"
            taken[cell] = panel["title"]
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(ids)) == len(ids)
