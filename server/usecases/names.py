"""Names for guests who gave none."""

from __future__ import annotations

_ADJECTIVES = """
Amber Brave Bright Calm Clever Copper Coral Gentle Golden Happy Hazel Ivory Jade Keen Kind Lively
Lucky Merry Misty Noble Olive Pearl Plucky Quiet Rosy Ruby Silver Sunny Swift Teal Warm Witty
"""
_ANIMALS = """
Badger Bee Beetle Cricket Crane Damselfly Dragonfly Duck Falcon Finch Firefly Fox Frog Hare Heron Kingfisher
Lark Magpie Marten Minnow Moth Newt Otter Owl Robin Salmon Sparrow Stork Swallow Swan Trout Wren
"""
ADJECTIVES = tuple(_ADJECTIVES.split())
ANIMALS = tuple(_ANIMALS.split())


def guest_name(random_id: str) -> str:
    """A friendly name made from a random id, such as `Quiet Heron`."""
    number = int.from_bytes(random_id.encode(), "big")
    return f"{ADJECTIVES[number % len(ADJECTIVES)]} {ANIMALS[number // 31 % len(ANIMALS)]}"
