"""The table as a picture: plain SVG, a pair of bars for each scenario, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.plan import RIVALS, TITLES, Target
from benchmarks.report import Row

WIDTH = 820
LEFT, RIGHT, TOP = 330, 90, 84
BAR_HEIGHT, BAR_STEP = 14, 17
ROW_HEIGHT = BAR_STEP * len(RIVALS) + 12
LONGEST_RATIO = 5.0
"""Bars end here; the number beside them does not."""

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 } .note { fill: #59636e; font-size: 12px } .ratio { font-weight: 600 }
  .paper { fill: #ffffff } .node { fill: #1a7f64 } .bun { fill: #0969da } .goal { stroke: #bc4c00; stroke-width: 2 }
  .even { stroke: #59636e; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .note { fill: #9198a1 } .paper { fill: #0d1117 } .node { fill: #3fb68b }
    .bun { fill: #4493f8 } .goal { stroke: #f0883e } .even { stroke: #9198a1 }
  }
"""


def svg(found: Sequence[Row]) -> str:
    """Mayfly's ratios to the rivals; where less is better they are turned round, so that long is good."""
    shown = [row for row in found if row.pictured and row.ratios]
    height = TOP + ROW_HEIGHT * len(shown) + 44
    even = LEFT + _length(1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        "<title>Mayfly compared with Socket.IO on Node and on Bun</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>',
        '<text class="title" x="20" y="30">How many times as good as Socket.IO on Node and on Bun</text>',
        '<text class="note" x="20" y="50">Dashed: as good. Orange: the goal. Of memory, latency and CPU for each'
        " connection less is better; their ratio is turned round.</text>",
        *_legend(),
        f'<line class="even" x1="{even:.0f}" y1="{TOP}" x2="{even:.0f}" y2="{height - 36}"/>',
    ]
    for number, row in enumerate(shown):
        parts += _bars(row, TOP + number * ROW_HEIGHT)
    note = "Medians of ratios; rates are for a second of the server's processor time."
    parts.append(f'<text class="note" x="20" y="{height - 14}">{note}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _legend() -> list[str]:
    parts = []
    for number, rival in enumerate(RIVALS):
        x = 20 + 180 * number
        parts.append(f'<rect class="{rival}" x="{x}" y="60" width="12" height="12" rx="2"/>')
        parts.append(f'<text class="note" x="{x + 18}" y="70">to {escape(TITLES[rival])}</text>')
    return parts


def _bars(row: Row, top: int) -> list[str]:
    middle = top + BAR_STEP * len(RIVALS) / 2
    parts = [f'<text x="{LEFT - 12}" y="{middle + 4:.0f}" text-anchor="end">{escape(_label(row))}</text>']
    for number, rival in enumerate(RIVALS):
        if rival in row.ratios:
            parts += _bar(row, rival, top + BAR_STEP * number)
    return parts


def _bar(row: Row, rival: Target, y: int) -> list[str]:
    times, goal = row.ratios[rival].median, row.goal(rival)
    if row.figure.less:
        times, goal = 1 / times, 1 / goal if goal else None
    length = _length(times)
    parts = [f'<rect class="{rival}" x="{LEFT}" y="{y}" width="{length:.0f}" height="{BAR_HEIGHT}" rx="3"/>']
    if goal:
        x = LEFT + _length(goal)
        parts.append(f'<line class="goal" x1="{x:.0f}" y1="{y - 1}" x2="{x:.0f}" y2="{y + BAR_HEIGHT + 1}"/>')
    parts.append(f'<text class="ratio" x="{LEFT + length + 8:.0f}" y="{y + 12}">{times:.1f}×</text>')
    return parts


def _label(row: Row) -> str:
    return f"{row.scenario.short}, p99" if row.figure.key == "p99Ms" else row.scenario.short


def _length(times: float) -> float:
    return (WIDTH - LEFT - RIGHT) * min(times, LONGEST_RATIO) / LONGEST_RATIO
