"""The coturn configuration that docs/turn.md gives, run as it stands there."""

from __future__ import annotations

import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from aioice.turn import create_turn_endpoint

from peer.turn_check import Allocation, TurnResult, check_turn
from signaling.ice import IceSettings, ice_servers
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.processes import LOOPBACK, ROOT, Service, free_port, launch


class Documented(NamedTuple):
    service: Service
    tls_port: int


def config_of_the_page() -> str:
    (config,) = re.findall(r"^```ini\n(.*?)^```", (ROOT / "docs" / "turn.md").read_text(), re.DOTALL | re.M)
    return str(config)


def make_certificate(folder: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(command, check=True, capture_output=True, timeout=30 * PACE)


@pytest.fixture
def documented(tmp_path: Path) -> Iterator[Documented]:
    requires("turnserver")
    make_certificate(tmp_path)
    tls_port = free_port()

    def make(port: int) -> Service:
        config = config_of_the_page()
        for line, tested in {
            "listening-port=3478": f"listening-port={port}\nlistening-ip={LOOPBACK}\nrelay-ip={LOOPBACK}",
            "tls-listening-port=5349": f"tls-listening-port={tls_port}",
            "static-auth-secret=CHANGE-ME": "static-auth-secret=old\nstatic-auth-secret=new",
            "cert=/etc/coturn/tls/fullchain.pem": f"cert={tmp_path}/fullchain.pem",
            "pkey=/etc/coturn/tls/privkey.pem": f"pkey={tmp_path}/privkey.pem",
            "syslog": f"log-file=stdout\npidfile={tmp_path}/turn.pid\nuserdb={tmp_path}/turn.db",
        }.items():
            assert f"\n{line}\n" in config
            config = config.replace(f"\n{line}\n", f"\n{tested}\n")
        path = tmp_path / "turnserver.conf"
        path.write_text(config)
        return Service(port, ["turnserver", "-c", str(path)])

    service = launch(make)
    yield Documented(service, tls_port)
    service.close()


async def tried(documented: Documented, secret: str) -> list[TurnResult]:
    urls = tuple(f"turn:{LOOPBACK}:{documented.service.port}?transport={t}" for t in ("udp", "tcp"))
    given = ice_servers(IceSettings((), urls, secret, 60), "p-1", time.time())
    return await check_turn([dict(server) for server in given.as_json()])


async def test_it_takes_our_credentials_with_the_old_and_with_the_new_secret(documented: Documented) -> None:
    for secret in ("old", "new"):
        assert [result.problem for result in await tried(documented, secret)] == [None, None]
    assert [result.ok for result in await tried(documented, "another")] == [False, False]


async def test_coturn_knows_every_line_of_it(documented: Documented) -> None:
    await tried(documented, "new")
    complaints = [line for line in documented.service.log().splitlines() if re.search(r"(?i)unknown|bad conf", line)]
    assert complaints == []


async def test_it_relays_over_tls(documented: Documented) -> None:
    entry = ice_servers(IceSettings((), ("turns:x",), "new", 60), "p-1", time.time()).servers[0]
    unverified = ssl.create_default_context()
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE  # a certificate of the test's own
    transport, allocation = await create_turn_endpoint(
        Allocation,
        server_addr=(LOOPBACK, documented.tls_port),
        username=entry.username,
        password=entry.credential,
        ssl=unverified,
        transport="tcp",
    )
    assert transport.get_extra_info("sockname")[0] == LOOPBACK
    transport.close()
    await allocation.closed.wait()


async def test_a_certificate_that_does_not_fit_is_told(documented: Documented) -> None:
    (result,) = await check_turn([{"urls": [f"turns:localhost:{documented.tls_port}?transport=tcp"]}])
    assert not result.ok
    assert "certificate verify failed" in str(result.problem)
