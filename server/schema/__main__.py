"""`python -m server.schema`: write the published files to `docs/`, and fill the tables of two of its pages."""

from __future__ import annotations

from server.schema.files import DOCS, published
from server.schema.markdown import filled


def main() -> None:
    """Write, and say what was written."""
    for file in published():
        (DOCS / file.name).write_text(file.text)
        print(f"docs/{file.name}")  # noqa: T201 - this is a command
    for name in ("protocol.md", "limits.md"):
        page = DOCS / name
        page.write_text(filled(page.read_text()))
        print(f"docs/{name}")  # noqa: T201


if __name__ == "__main__":
    main()
