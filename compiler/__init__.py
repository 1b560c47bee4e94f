"""The compiled option (docs/engine.md): `python -m compiler` makes it, `server/builds.py` loads it."""
