"""`make docs`: the documentation as a site, into `build/site`. Fails where a link or an anchor leads nowhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from handbook.foreign import foreign
from handbook.links import Wrong
from handbook.pages import gather, in_no_menu

ROOT = Path(__file__).resolve().parents[1]
CONFIG = "zensical.toml"


def build(root: Path, folder: Path) -> Path:
    """The site of the documentation below `root`, in `folder/site`."""
    gather(root, folder / "pages")
    if missing := in_no_menu(folder / "pages", root / CONFIG):
        raise Wrong(f"{CONFIG} has no place for {', '.join(missing)}.")
    shutil.copyfile(root / CONFIG, folder / CONFIG)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "--config-file", str(folder / CONFIG)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Wrong(f"{made.stdout}{made.stderr}")
    if found := foreign(folder / "site"):
        raise Wrong("Pages fetch from other hosts:\n" + "\n".join(found))
    return folder / "site"


def main() -> int:
    """Build the site of this repository. The exit code."""
    try:
        site = build(ROOT, ROOT / "build")
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(f"{site.relative_to(ROOT)}/index.html is the first of {len(list(site.rglob('*.html')))} pages.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
