"""Engine.IO v4 on aiohttp, under python-socketio: see docs/engine.md."""

from server.transport.engineio.core import Stats
from server.transport.engineio.limits import EngineLimits
from server.transport.engineio.server import EngineServer

__all__ = ["EngineLimits", "EngineServer", "Stats"]
