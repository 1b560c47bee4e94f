"""`python -m server`: settings from the environment, one process, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial

from aiohttp import web
from pydantic import ValidationError

from rooms.ports import StoreUnfit
from server import BUILD
from server.app import DESCRIPTORS, HOST, LIFECYCLE, create_app
from server.doctor import command as doctor
from server.observability import errors, logs
from server.schema.ceilings import ceilings_of
from server.security.descriptors import raise_limit
from server.settings import Settings
from server.stores import make_store
from server.supervisor import supervise
from server.transport.http.listener import DoorSite
from server.transport.http.pages import BUNDLE
from server.transport.http.runner import Runner
from server.transport.http.schemas import bodies
from server.worker import Worker

log = logging.getLogger(__name__)

SHUTDOWN_TIMEOUT_S = 5.0
OVERTAKEN = 3
"""Exit code of a process whose rooms were taken over, so that a supervisor starts it again."""

COLLECT_AFTER = (2_000, 500, 100)
"""Thresholds of the garbage collector's three generations, in objects and runs. A run over 2,000 young objects takes a
quarter of a millisecond; runs over the older ones, which take as many times longer, are rare: rooms make next to no
cycles."""
KEEPALIVE_TIMEOUT_S = 75.0
LINGERING_S = 2.0
"""How long the rest of a refused body is read, so that its sender sees the answer. aiohttp goes on when it is gone."""


async def serve(app: web.Application, settings: Settings, worker: Worker) -> int:
    """Serve until the process is told to stop, or has given its rooms to another; returns the exit code."""
    engine = app[HOST].eio
    runner = Runner(
        app,
        engine.turns,
        engine.output,
        access_log=None,
        shutdown_timeout=SHUTDOWN_TIMEOUT_S,
        keepalive_timeout=KEEPALIVE_TIMEOUT_S,
        lingering_time=LINGERING_S,
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on the loop
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    app[LIFECYCLE].on_over = stop.set
    worker.on_orphaned(stop.set)
    bodies(ceilings_of(settings))
    if doubt := app[BUNDLE].doubt():
        log.warning(doubt)
    await runner.setup()
    try:
        await DoorSite(
            runner,
            settings.host,
            settings.port,
            app[DESCRIPTORS],
            engine.turns,
            engine.direct,
            shares_port=worker.shares_port,
        ).start()
        if worker.shares_port:
            worker.ready()  # the supervisor says so for all
        else:
            _announce(settings)
        _calm_collector()
        await stop.wait()
        # The runner stops listening first of all, and a refused connection says less than a 503.
        await app[LIFECYCLE].announce_stop()
    finally:
        await runner.cleanup()
    return OVERTAKEN if app[LIFECYCLE].lost else 0


def _calm_collector() -> None:
    """Full collections stop everything for tens of milliseconds: keep what was loaded at start out of them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _announce(settings: Settings) -> None:
    url = settings.public_url or f"http://localhost:{settings.port}"
    # This is for the person who started it.
    print(f"Mayfly is up. Open {url} to make a room. Build: {BUILD}.", flush=True)  # noqa: T201


COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {"doctor": doctor.run}
"""What `python -m server WORD …` runs in place of the server; each is given its arguments and returns an exit code."""


def main(arguments: Sequence[str] = ()) -> int:
    """Run a command of `COMMANDS`, or serve. Returns the exit code."""
    if not arguments:
        return start()
    command = COMMANDS.get(arguments[0])
    if command is None:
        print(f"python -m server [{'|'.join(COMMANDS)}]", file=sys.stderr)  # noqa: T201
        return 2
    return command(arguments[1:])


def start() -> int:
    """The exit code: 2 where the environment makes no sense, 1 where the port is taken, `OVERTAKEN`, else 0."""
    try:
        settings = Settings()
    except ValidationError as error:
        for one in error.errors(include_input=False, include_url=False):
            _complain(str(one["loc"][0]).upper(), one["msg"].removeprefix("Value error, "))
        return 2
    logs.configure(settings.log_level, settings.form_of_logs)
    worker = Worker.of_environment()
    for doubt in () if worker.shares_port else settings.doubts():
        log.warning(doubt)  # once, where there are several processes
    if settings.workers > 1:
        return _serve_with_several(settings)
    dsn = settings.sentry_dsn.get_secret_value()
    reporting = errors.report_to(dsn, settings.environment) if dsn else None
    try:
        store = make_store(settings)
    except ValueError as error:
        _complain("MONGODB_URI", str(error))
        return 2
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        try:
            app = create_app(settings, store=store, descriptor_limit=raise_limit())
            return runner.run(serve(app, settings, worker))
        except StoreUnfit as unfit:
            _complain("REDIS_URL", str(unfit))
            return 2
        except OSError as error:
            return _cannot_listen(settings, error)
        finally:
            errors.finish(reporting)


def _serve_with_several(settings: Settings) -> int:
    try:
        return supervise(
            settings.workers, settings.host, settings.port, settings.memory_budget_mb, partial(_announce, settings)
        )
    except OSError as error:
        return _cannot_listen(settings, error)


def _cannot_listen(settings: Settings, error: OSError) -> int:
    print(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}", file=sys.stderr)  # noqa: T201
    return 1


def _complain(variable: str, reason: str) -> None:
    print(f"{variable}: {reason}", file=sys.stderr)  # noqa: T201 - the one who started it is to read this


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
