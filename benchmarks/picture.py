"""The table as a picture: plain SVG, one bar for each scenario, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.report import Row

WIDTH = 820
LEFT, RIGHT, TOP = 330, 90, 64
ROW_HEIGHT, BAR_HEIGHT = 34, 18
LONGEST_RATIO = 4.0
"""Bars end here; the number beside them does not."""

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 } .note { fill: #59636e; font-size: 12px } .ratio { font-weight: 600 }
  .paper { fill: #ffffff } .bar { fill: #1a7f64 } .less { fill: #0969da } .goal { stroke: #bc4c00; stroke-width: 2 }
  .even { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 } .paper { fill: #0d1117 } .bar { fill: #3fb68b }
    .less { fill: #4493f8 } .goal { stroke: #f0883e } .even { stroke: #9198a1 }
  }
"""


def svg(found: Sequence[Row]) -> str:
    """Mayfly's ratios to the JavaScript server; those of memory and latency turned round, so that long is good."""
    shown = [row for row in found if row.pictured and "mayfly" in row.ratios]
    height = TOP + ROW_HEIGHT * len(shown) + 44
    even = LEFT + _length(1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Mayfly compared with the JavaScript Socket.IO server</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>',
        '<text class="title" x="20" y="30">How many times as good as the JavaScript Socket.IO server</text>',
        '<text class="note" x="20" y="50">Dashed: as good. Orange: the goal. Blue: memory and latency, less is better;'
        " their ratio is turned round.</text>",
        f'<line class="even" x1="{even:.0f}" y1="{TOP}" x2="{even:.0f}" y2="{height - 36}"/>',
    ]
    for number, row in enumerate(shown):
        parts += _bar(row, TOP + number * ROW_HEIGHT)
    note = "Medians of ratios; rates are for a second of the server's processor time."
    parts.append(f'<text class="note" x="20" y="{height - 14}">{note}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _bar(row: Row, top: int) -> list[str]:
    times, goal = row.ratios["mayfly"][0], row.scenario.goal
    if row.scenario.less_is_better:
        times, goal = 1 / times, 1 / goal
    middle = top + ROW_HEIGHT / 2
    length, goal_at = _length(times), LEFT + _length(goal)
    kind = "less" if row.scenario.less_is_better else "bar"
    y = middle - BAR_HEIGHT / 2
    return [
        f'<text x="{LEFT - 12}" y="{middle + 4:.0f}" text-anchor="end">{escape(_label(row))}</text>',
        f'<rect class="{kind}" x="{LEFT}" y="{y:.0f}" width="{length:.0f}" height="{BAR_HEIGHT}" rx="3"/>',
        f'<line class="goal" x1="{goal_at:.0f}" y1="{y - 3:.0f}" x2="{goal_at:.0f}" y2="{y + BAR_HEIGHT + 3:.0f}"/>',
        f'<text class="ratio" x="{LEFT + length + 8:.0f}" y="{middle + 4:.0f}">{times:.1f}×</text>',
    ]


def _label(row: Row) -> str:
    return f"{row.scenario.short}, {row.figure.heading}" if row.figure.heading == "p99" else row.scenario.short


def _length(times: float) -> float:
    return (WIDTH - LEFT - RIGHT) * min(times, LONGEST_RATIO) / LONGEST_RATIO
