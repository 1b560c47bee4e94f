"""A list of all parts that a deployment installs (an SBOM, in CycloneDX's form), made of the locks.

`python -m supply.sbom` (`make sbom`) writes `sbom/python.cdx.json` and one file for each of the npm packages that are
served or built with. Nothing of it is committed: it is made where it is asked for, of what is locked there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from supply.lock import ROOT

LOCK = "requirements-server.lock"
PACKAGES = ("client", "web")


def python(lock: Path, to: Path) -> None:
    """Of the Python packages. Raises where the list cannot be made or does not follow CycloneDX's schema."""
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(lock), "--pyproject", "pyproject.toml"]
    command += ["--output-reproducible", "--validate", "--output-file", str(to)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def npm(folder: Path, to: Path) -> None:
    """Of the npm packages in one package-lock.json, those of development left out."""
    command = ["npm", "sbom", "--sbom-format", "cyclonedx", "--package-lock-only", "--omit", "dev"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    to.write_text(json.dumps(json.loads(done.stdout), indent=2) + "\n")


def main(arguments: list[str] | None = None) -> int:
    """Write all lists, and say how many parts each has."""
    parser = argparse.ArgumentParser(prog="python -m supply.sbom", description="List all parts.")
    parser.add_argument("--output", type=Path, default=ROOT / "sbom", help="the folder that they go to")
    output = parser.parse_args(arguments).output
    output.mkdir(parents=True, exist_ok=True)
    python(ROOT / LOCK, output / "python.cdx.json")
    for name in PACKAGES:
        npm(ROOT / name, output / f"{name}.cdx.json")
    for path in sorted(output.glob("*.cdx.json")):
        print(f"{path}: {len(json.loads(path.read_text())['components'])} parts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
