"""The ratios to pgbench as horizontal bars: one SVG that needs no font or program of its own."""

import math
from html import escape

from table import RATIOS

NAMES = {"ratio_to_pgbench": "÷ A: the bare insert (or select) of a row", "ratio_to_transaction": "÷ B: the whole transaction"}
WIDTH, LEFT, RIGHT, TOP, BAR, GAP = 860, 220, 60, 96, 14, 12
# Readers' own colours where they have them: text and lines are light on dark and dark on light.
STYLE = """\
text { font: 13px sans-serif; fill: #1f2328; } .small { font-size: 11px; fill: #59636e; }
.line { stroke: #d1d9e0; } .one { stroke: #59636e; } .ratio_to_pgbench { fill: #3d79d0; } .ratio_to_transaction { fill: #d98c2b; }
@media (prefers-color-scheme: dark) { text { fill: #f0f6fc; } .small { fill: #9198a1; } .line { stroke: #3d444d; } .one { stroke: #9198a1; } }"""


def plot(figures: dict, heading: list[str]) -> str:
    rows = [(name, load) for name, load in figures["postgresql"].items() if any(ratio in load for ratio in RATIOS)]
    scale = Scale([load[ratio] for _, load in rows for ratio in RATIOS if ratio in load])
    bars, y = [], TOP
    for name, load in rows:
        ratios = [ratio for ratio in RATIOS if ratio in load]
        middle = y + len(ratios) * BAR / 2 + 4
        bars.append(f'<text x="{LEFT - 10}" y="{middle:.0f}" text-anchor="end">{escape(name.replace("_", " "))}</text>')
        for ratio in ratios:
            bars.append(_bar(ratio, load[ratio], y, scale))
            y += BAR
        y += GAP
    return "\n".join([*_head(y + 26, heading), *_grid(scale, y), *bars, "</svg>\n"])


class Scale:
    """Logarithmic, so that half and twice are as far from 1."""

    def __init__(self, ratios):
        low, high = min([*ratios, 0.5]), max([*ratios, 2])
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        lines = [float(f"{digit}e{power}") for power in powers for digit in (1, 2, 5)]
        first = max(line for line in lines if line <= low)
        last = min(line for line in lines if line >= high)
        self.lines = [line for line in lines if first <= line <= last]

    def x(self, ratio):
        first, last = math.log(self.lines[0]), math.log(self.lines[-1])
        return LEFT + (math.log(ratio) - first) / (last - first) * (WIDTH - LEFT - RIGHT)


def _head(height, heading):
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'role="img" aria-label="Requests a second on PostgreSQL, as a ratio to pgbench on the same server">'
    )
    yield f"<style>{STYLE}</style>"
    yield '<text x="10" y="20">Requests a second on PostgreSQL, as a ratio to pgbench on the same server</text>'
    for number, line in enumerate(heading):
        yield f'<text x="10" y="{38 + number * 15}" class="small">{escape(line)}</text>'
    for number, ratio in enumerate(RATIOS):
        x = 10 + number * 300
        yield f'<rect x="{x}" y="66" width="12" height="12" class="{ratio}"/>'
        yield f'<text x="{x + 18}" y="76" class="small">{escape(NAMES[ratio])}</text>'


def _bar(ratio, value, y, scale):
    """From 1 to the left where pgbench does more, to the right where the service does."""
    left, right = sorted((scale.x(1), scale.x(value)))
    return (
        f'<rect x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{BAR - 2}" class="{ratio}"/>'
        f'<text x="{right + 5:.1f}" y="{y + BAR - 3}" class="small">{value:.2f}</text>'
    )


def _grid(scale, bottom):
    for ratio in scale.lines:
        x = scale.x(ratio)
        yield f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}" class="{"one" if ratio == 1 else "line"}"/>'
        yield f'<text x="{x:.1f}" y="{bottom + 14}" class="small" text-anchor="middle">{ratio:g}</text>'
