"""`python -m server.schema`: write what is published, the client's types, and the tables of README and of `docs/`."""

from __future__ import annotations

from server.schema.files import CLIENT, DOCS, PAGES, client_types, published
from server.schema.markdown import filled


def main() -> None:
    """Write, and say what was written."""
    for file in published():
        (DOCS / file.name).write_text(file.text)
        print(f"docs/{file.name}")  # noqa: T201 - this is a command
    for name, text in client_types().items():
        (CLIENT / name).write_text(text)
        print(f"client/{name}")  # noqa: T201
    for page in PAGES:
        page.write_text(filled(page.read_text()))
        print(page.relative_to(DOCS.parent))  # noqa: T201


if __name__ == "__main__":
    main()
