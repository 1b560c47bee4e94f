"""Fault mode (`FAULTS=on`): what goes wrong because a client asks for it. Imported only where it is on."""

from server.faults.mode import FaultMode

__all__ = ["FaultMode"]
