"""Socket.IO: the default namespace is Mayfly's own, every other one is python-socketio's."""

from server.transport.socketio.host import NotHosted, SocketHost
from server.transport.socketio.namespace import DefaultNamespace
from server.transport.socketio.ports import Application, Connected

__all__ = ["Application", "Connected", "DefaultNamespace", "NotHosted", "SocketHost"]
