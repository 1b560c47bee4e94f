"""The documentation as a site, `make docs`: gathered for Zensical (`zensical.toml`), and looked at."""
