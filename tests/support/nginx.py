"""A real nginx with the configuration of `compose.yaml`, before servers that are not in containers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tests.support.processes import LOOPBACK, ROOT, Service, launch

CONFIGURATION = ROOT / "deploy" / "compose" / "nginx.conf"

FRAME = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream instances {{ {servers} }}
  {configuration}
}}
"""


class Nginx(Service):
    def __init__(self, port: int, targets: Sequence[int]) -> None:
        super().__init__(port, ["nginx"])
        configuration = CONFIGURATION.read_text().replace("listen 80;", f"listen {LOOPBACK}:{port};")
        configuration = re.sub(r"resolver [^;]+;", "", configuration)
        configuration = configuration.replace("set $mayfly mayfly:3001;", "set $mayfly instances;")
        servers = " ".join(f"server {LOOPBACK}:{target};" for target in targets)
        whole = self.folder / "nginx.conf"
        whole.write_text(FRAME.format(folder=self.folder, servers=servers, configuration=configuration))
        self.command += ["-c", str(whole), "-p", str(self.folder)]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"


def start_nginx(targets: Sequence[int]) -> Nginx:
    """A running nginx before these ports; the caller ends it with `close()`."""
    return launch(lambda port: Nginx(port, targets))
