"""`python -m server.schema`: write the published files to `docs/`."""

from __future__ import annotations

from server.schema.files import DOCS, published


def main() -> None:
    """Write, and say what was written."""
    for file in published():
        (DOCS / file.name).write_text(file.text)
        print(f"docs/{file.name}")  # noqa: T201 - this is a command


if __name__ == "__main__":
    main()
