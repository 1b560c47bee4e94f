"""The metrics of what is bounded: memory, quotas, file descriptors, queues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from prometheus_client.core import Metric

from server.observability import families as f
from server.outbound.message_log import MAX_QUEUED_MESSAGES
from server.security.descriptors import Descriptors
from server.security.hashing import MAX_WAITING
from server.security.memory import Memory
from server.security.quotas import Quotas
from server.transport.socketio import SocketHost
from server.usecases.context import Context
from server.usecases.recovery import MAX_SESSIONS


def bounds(context: Context, host: SocketHost, descriptors: Descriptors) -> Iterator[Metric]:
    """Budgets and their use, refusals, descriptors, queues, and what was given up."""
    yield from _memory(context.memory)
    yield from _quotas(context.quotas, context.memory, descriptors)
    # Between two counts every connection that came is added, also those that were refused and are closed.
    descriptors.tick()
    yield f.DESCRIPTORS.of(descriptors.in_use)
    yield f.DESCRIPTORS_LIMIT.of(descriptors.limit)
    yield from _queues(context, host)
    yield f.DROPS.by(
        {
            "slow_reader": host.eio.stats.overflows,
            "unfinished_input": host.eio.input.shed_count,
            "unread": host.eio.recalls.cut_count,
            "history": context.memory.rooms.given_up,
            "log_message": context.journal.messages.dropped,
            "recovery": context.recovery.dropped,
        }
    )


def _memory(memory: Memory) -> Iterator[Metric]:
    yield f.RESIDENT.of(memory.resident_bytes)
    yield f.BUDGET.of(memory.budget_bytes)
    shares = {"rooms": memory.rooms, "output": memory.output, "input": memory.input}
    yield f.SHARE_USED.by({name: share.used_bytes for name, share in shares.items() if share is not None})
    yield f.SHARE_LIMIT.by({name: share.limit_bytes for name, share in shares.items() if share is not None})


def _quotas(quotas: Quotas, memory: Memory, descriptors: Descriptors) -> Iterator[Metric]:
    yield f.QUOTA_LIMIT.by(asdict(quotas.bounds))
    yield f.QUOTA_REFUSALS.by(
        {
            **dict.fromkeys(asdict(quotas.bounds), 0),
            **quotas.refused,
            "memory": memory.refused,
            "file_descriptors": descriptors.refused,
        }
    )


def _queues(context: Context, host: SocketHost) -> Iterator[Metric]:
    making, checking = context.passwords.waiting
    yield f.QUEUE_LENGTH.by(
        {
            "log": context.journal.unwritten().messages,
            "hash_making": making,
            "hash_checking": checking,
            "recovery": len(context.recovery),
            "turns": len(host.eio.turns),
        }
    )
    yield f.QUEUE_LIMIT.by(
        {
            "log": MAX_QUEUED_MESSAGES,
            "hash_making": MAX_WAITING,
            "hash_checking": MAX_WAITING,
            "recovery": MAX_SESSIONS,
        }
    )
