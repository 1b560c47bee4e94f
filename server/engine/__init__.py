"""Engine.IO v4 on aiohttp, under python-socketio: see docs/engine.md."""

from server.engine.core import Stats
from server.engine.limits import EngineLimits
from server.engine.server import EngineServer

__all__ = ["EngineLimits", "EngineServer", "Stats"]
