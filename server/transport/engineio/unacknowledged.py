"""What a client has not taken of what a transport was given."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

try:
    import fcntl
    import termios
except ImportError:  # no Unix: then what the kernel holds is not known, and counts as taken
    fcntl = termios = None  # type: ignore[assignment]


def unacknowledged(transport: asyncio.Transport) -> int:
    """Bytes in the transport, and in the kernel until the client's has them (`TIOCOUTQ`).

    The kernel takes more only when much has left, so that of a slow reader nothing else is seen for seconds.
    """
    return transport.get_write_buffer_size() + _in_kernel(transport.get_extra_info("socket"))


def _in_kernel(socket: Any) -> int:
    if fcntl is None or socket is None:
        return 0
    try:
        size: int = struct.unpack("i", fcntl.ioctl(socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))[0]
    except (OSError, ValueError):
        return 0
    return size
