"""A TCP proxy whose network fails on command: connections cut, paused or refused.

It runs on an event loop in a thread of its own, so that a test which blocks does not stop the traffic.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from tests.support.pace import PACE
from tests.support.processes import LOOPBACK, free_port

BACKLOG = 2_048
READ_BYTES = 65_536
CALL_LIMIT_S = 10.0 * PACE
# Zero seconds of linger: closing sends RST instead of FIN, as when a machine or a NAT entry is gone.
LINGER_NONE = struct.pack("ii", 1, 0)

Result = TypeVar("Result")


class _Pipe:
    """One client's connection and the one made for it to the target."""

    def __init__(self, proxy: TcpProxy, downstream: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.writers = [downstream]
        self.holding = False
        self.flowing = asyncio.Event()
        if not proxy.paused:
            self.flowing.set()

    async def run(self, reader: asyncio.StreamReader) -> None:
        target_reader, target_writer = await asyncio.open_connection(LOOPBACK, self.proxy.target_port)
        self.writers.append(target_writer)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pump(reader, target_writer))
            both.create_task(self._pump(target_reader, self.writers[0]))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(READ_BYTES):
            if not self.flowing.is_set():
                self.holding = True
                await self.flowing.wait()
            await self.proxy.let_through(len(data))
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    def close(self) -> None:
        for writer in self.writers:
            writer.close()

    def reset(self) -> None:
        for writer in self.writers:
            with suppress(OSError):
                connection = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
            writer.transport.abort()


class TcpProxy:
    """Forwards `port` of 127.0.0.1 to `target_port`. All methods may be called from any thread, and return when done.

    `bytes_per_s`: what all connections together let through, both ways; 0: any number.
    Attributes: `accepted`, how many connections there ever were; `open`, how many there are.
    """

    def __init__(self, target_port: int, bytes_per_s: float = 0.0) -> None:
        self.target_port = target_port
        self.bytes_per_s = bytes_per_s
        self._free_at = 0.0
        self.port = free_port()
        self.accepted = 0
        self._pipes: dict[_Pipe, asyncio.Task[None]] = {}
        self._listener: socket.socket | None = None
        self._unserved: set[socket.socket] = set()
        self._loop = asyncio.new_event_loop()
        self.paused = False
        self._thread = threading.Thread(target=self._run, name="tcp-proxy", daemon=True)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def open(self) -> int:
        return len(self._pipes)

    @property
    def held(self) -> int:
        """How many of the open connections were sent something while they were paused or frozen."""
        return sum(pipe.holding for pipe in list(self._pipes))

    async def let_through(self, count: int) -> None:
        """Wait until so many bytes fit through the link."""
        if self.bytes_per_s:
            now = self._loop.time()
            self._free_at = max(now, self._free_at) + count / self.bytes_per_s
            await asyncio.sleep(self._free_at - now)

    def start(self) -> None:
        self._thread.start()
        self.accept()

    def cut(self, count: int | None = None, rng: random.Random | None = None) -> int:
        """Reset (RST) all connections, or `count` of them chosen by `rng`. Returns how many were cut."""

        def reset() -> int:
            chosen = list(self._pipes)
            if count is not None:
                chosen = (rng or random.Random()).sample(chosen, min(count, len(chosen)))
            for pipe in chosen:
                pipe.reset()
                self._pipes[pipe].cancel()
            return len(chosen)

        return self._do(reset)

    def pause(self) -> None:
        """Forward nothing more, in either direction; connections stay open, and new ones are accepted."""
        self.paused = True
        self.freeze()

    def freeze(self) -> None:
        """Forward nothing more on the connections that are open now, as after a change of network; new ones work."""

        def hold() -> None:
            for pipe in self._pipes:
                pipe.flowing.clear()

        self._do(hold)

    def resume(self) -> None:
        """Forward again after `pause` or `freeze`, beginning with what was held back."""

        def release() -> None:
            for pipe in self._pipes:
                pipe.flowing.set()

        self.paused = False
        self._do(release)

    def refuse(self) -> None:
        """Refuse new connections (ECONNREFUSED). Those that are open go on."""
        self._await(self._stop_listening())

    def accept(self) -> None:
        """Take new connections (again), on the same port."""
        self._await(self._listen())

    def close(self) -> None:
        """Reset everything and end the thread."""
        self._await(self._shut_down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_LIMIT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def _do(self, step: Callable[[], Result]) -> Result:
        async def call() -> Result:
            return step()

        return self._await(call())

    def _await(self, step: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result(CALL_LIMIT_S)

    # Not `asyncio.start_server`: closing it while a connection is being accepted leaves that connection open for ever
    # (Python 3.11). Here a connection is either in the kernel's queue, which closing resets, or a task of ours.

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server((LOOPBACK, self.port), backlog=BACKLOG)
            self._listener.setblocking(False)
            self._loop.add_reader(self._listener, self._accept_one, self._listener)

    async def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            self._loop.remove_reader(listener)
            listener.close()

    def _accept_one(self, listener: socket.socket) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # the client has gone away meanwhile
        connection.setblocking(False)
        self._unserved.add(connection)
        task = self._loop.create_task(self._serve(connection))
        task.add_done_callback(lambda _: self._close_unserved(connection))

    def _close_unserved(self, connection: socket.socket) -> None:
        """A task that is cancelled before its first step has not taken its connection over."""
        if connection in self._unserved:
            self._unserved.discard(connection)
            connection.close()

    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        self._unserved.discard(connection)
        pipe = _Pipe(self, writer)
        task = asyncio.current_task()
        assert task is not None
        self._pipes[pipe] = task
        self.accepted += 1
        try:
            await pipe.run(reader)
            pipe.close()
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            # One side is gone, without a goodbye or at our hands: so is the other.
            pipe.reset()
        finally:
            del self._pipes[pipe]

    async def _shut_down(self) -> None:
        await self._stop_listening()
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def tcp_proxy(target_port: int, bytes_per_s: float = 0.0) -> Iterator[TcpProxy]:
    """A running proxy in front of `target_port`, closed on the way out."""
    proxy = TcpProxy(target_port, bytes_per_s)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()
