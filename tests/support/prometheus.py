"""A real Prometheus that scrapes servers of ours, with our alerts."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from tests.support.processes import LOOPBACK, ROOT, Service, launch

DEPLOY = ROOT / "deploy"
ALERTS = DEPLOY / "prometheus" / "alerts.yml"
SCRAPE = "1s"
"""How often, and how long one may take: what is slower is a server that is down."""


class Prometheus(Service):
    def __init__(self, port: int, targets: list[str], rules: Path = ALERTS) -> None:
        super().__init__(port, ["prometheus", f"--web.listen-address={LOOPBACK}:{port}"])
        config = {
            "global": {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": SCRAPE},
            "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": "mayfly", "static_configs": [{"targets": targets}]}],
        }
        file = self.folder / "prometheus.yml"
        file.write_text(json.dumps(config))  # JSON is YAML
        self.command += [f"--config.file={file}", f"--storage.tsdb.path={self.folder / 'data'}"]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def ready(self) -> bool:
        # It answers 503 while it starts, and on a busy machine that lasts.
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def api(self, path: str, **query: str) -> Any:
        """The `data` of an answer of its API; an error of the query's is raised with its words."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {json.load(error).get('error')}") from None

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The result of an instant query: `[{metric, value}]`."""
        result: list[dict[str, Any]] = self.api("query", query=expression)["result"]
        return result


def start_prometheus(*targets: str) -> Prometheus:
    """A running Prometheus that scrapes `host:port` of each target; the caller ends it with `close()`."""
    return launch(lambda port: Prometheus(port, list(targets)))
