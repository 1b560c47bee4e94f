"""How a connection finds its way: the ICE configuration that goes in, and the candidate pair that came out."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import aioice.ice
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCIceServer, RTCPeerConnection
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from aiortc.rtcicetransport import parse_stun_turn_uri

from peer.stats import Candidate, Pair

LOOPBACK = "127.0.0.1"


def configuration(ice_servers: list[dict[str, Any]], *, relay_only: bool) -> RTCConfiguration:
    """What the room's `iceServers` say, as aiortc takes it; of several TURN URLs it uses the first.

    `relay_only` gathers no candidate but those of the TURN server, so that every pair passes it.
    """
    servers = [
        RTCIceServer(
            urls=[url for url in server["urls"] if _usable(url)],
            username=server.get("username"),
            credential=server.get("credential"),
        )
        for server in ice_servers
    ]
    return RTCConfiguration(
        iceServers=servers,
        iceTransportPolicy=RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL,
        # One transport for everything: one gathering and one TURN allocation instead of three.
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )


def use_loopback_where_there_is_nothing_else() -> None:
    """Let a machine without a network (a container, a train) hold calls with itself.

    The ICE agent leaves 127.0.0.1 out, as RFC 8445, section 5.1.1.1 asks, and would gather nothing there.
    """
    gathered = aioice.ice.get_host_addresses

    def addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return gathered(use_ipv4, use_ipv6) or [LOOPBACK]

    aioice.ice.get_host_addresses = addresses


def selected_pair(pc: RTCPeerConnection) -> Pair | None:
    """The pair that ICE nominated. aiortc's statistics name none: the ICE agent beneath it does."""
    transports = [transceiver.receiver.transport.transport for transceiver in pc.getTransceivers()]
    if pc.sctp is not None:
        transports.append(pc.sctp.transport.transport)
    for transport in transports:
        pair = transport._connection._nominated.get(1)
        if pair is not None:
            return Pair(_candidate(pair.local_candidate), _candidate(pair.remote_candidate))
    return None


def _candidate(candidate: Any) -> Candidate:
    try:
        family = f"IPv{ip_address(candidate.host).version}"
    except ValueError:
        family = "mDNS"
    return Candidate(candidate.type, candidate.transport.lower(), family)


def _usable(url: str) -> bool:
    # aiortc refuses the whole list for one URL that it cannot read, an IPv6 address for example.
    try:
        parse_stun_turn_uri(url)
    except ValueError:
        return False
    return True
