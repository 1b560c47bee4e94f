"""Whether a Redis writes what it holds to a disk, where what is said in rooms has no place."""

from __future__ import annotations

from rooms.ports import StoreUnavailable
from storage.redis.keeper import Keeper

PERSISTS = (
    "writes what it holds to a disk, where what is said in rooms has no place. Turn persistence off (--save ''"
    " --appendonly no), or set REDIS_ALLOW_PERSISTENCE=on."
)


async def persistence(keeper: Keeper) -> bool | None:
    """Whether it does; None where it does not say. Raises `StoreUnavailable` where nothing answers."""
    try:
        save = await keeper.ask("CONFIG", "GET", "save")
        append = await keeper.ask("CONFIG", "GET", "appendonly")
        return bool(save[1].strip()) or append[1] == b"yes"
    except (IndexError, TypeError, StoreUnavailable):
        pass  # managed ones deny CONFIG
    info = await keeper.ask("INFO", "persistence")
    lines = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
    if "aof_enabled" not in lines:
        return None
    # How often it saves is not in it; that it has saved, or is about to, is.
    saves = lines.get("rdb_bgsave_in_progress") == "1" or int(lines.get("rdb_saves", "0")) > 0
    return lines["aof_enabled"] == "1" or saves or None
