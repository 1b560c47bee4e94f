"""Chromium for tests that run in a real browser, driven by Node.js scripts on `tests/support/browser.mjs`."""

from __future__ import annotations

from tests.support.parts import chromium_binary


def chromium_path() -> str:
    """The browser's path; `requires("chromium")` comes first."""
    binary = chromium_binary()
    assert binary is not None, "call requires('chromium') first"
    return binary
