"""The sources of the JavaScript client, which lie in parts."""

from __future__ import annotations

from pathlib import Path

from tests.support.processes import ROOT

CLIENT = ROOT / "client"
PARTS = ("core", "crypto", "messages", "files", "call", "react", "testkit")
"""The folders of its package; the modules beside them are its entries, and what puts the parts together."""


def client_scripts() -> list[Path]:
    """All that is run of it, without its tests, what makes its types, and the libraries for sites."""
    return sorted(path for folder in (CLIENT, *(CLIENT / part for part in PARTS)) for path in folder.glob("*.js"))
