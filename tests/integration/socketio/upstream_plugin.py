"""A pytest plugin for python-socketio's own tests: the server under test is our host."""

import engineio
import socketio
from socketio import async_server

from server.transport.socketio import SocketHost


class Subject(SocketHost):
    """The host with nothing in the default namespace; upstream puts a fake in the place of the engine."""

    def _engineio_server_class(self) -> type[engineio.AsyncServer]:
        return engineio.AsyncServer


async_server.AsyncServer = socketio.AsyncServer = Subject
