"""The style sheet of reports: light and dark, on screen and on paper.

* imports neither Qt nor torch."""

from typing import Literal

from engine.reports.palette import PAINTS


def sheet() -> str:
    """The whole style sheet."""
    return f"""
:root {{ color-scheme: light dark; {_variables("light")} }}
@media (prefers-color-scheme: dark) {{ :root {{ {_variables("dark")} }} }}
{_PAGE}
{_classes()}
{_PRINT.replace("VARIABLES", _variables("light"))}
""".strip()


def _variables(scheme: Literal["light", "dark"]) -> str:
    return " ".join(f"--{name}: {getattr(pair, scheme)};" for name, pair in PAINTS.items())


def _classes() -> str:
    """Colours of plots and tokens by name."""
    fills = (f".f-{name} {{ fill: var(--{name}) }} .s-{name} {{ stroke: var(--{name}) }}" for name in PAINTS)
    return "\n".join((*fills, *(f".c-{name} {{ color: var(--{name}) }}" for name in PAINTS)))


_PAGE = """
* { box-sizing: border-box }
body { margin: 0; background: var(--base); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", "Noto Sans",
  "DejaVu Sans", sans-serif; font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
main { max-width: 1080px; margin: 0 auto; padding: 40px 24px 64px }
h1 { font-size: 18px; font-weight: 600; margin: 0 }
header > .note { margin-top: 0 }
h2 { font-size: 22px; line-height: 1.3; margin: 56px 0 16px; font-weight: 600 }
h3 { font-size: 15px; margin: 24px 0 8px; font-weight: 600; color: var(--muted) }
p { margin: 8px 0; max-width: 76ch }
.note { color: var(--muted) }
.good { color: var(--good) } .bad { color: var(--bad) }
.headline { font-size: clamp(22px, 3vw, 32px); line-height: 1.25; font-weight: 650; margin: 24px 0 8px;
  max-width: 36em }
.lead { font-size: 18px; margin: 0 0 20px }
nav { margin: 24px 0 0; font-size: 14px } nav a { margin-right: 16px; white-space: nowrap }
a { color: var(--accent) }
ul { padding-left: 20px; margin: 8px 0; max-width: 76ch } li { margin: 4px 0 }
dl { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 4px 24px; margin: 12px 0 24px }
dt { color: var(--muted); max-width: 34ch } dd { margin: 0 }
.wide { overflow-x: auto; margin: 8px 0 16px } .wide table { min-width: 680px }
table { border-collapse: collapse; font-size: 14px; width: 100%; overflow-wrap: normal }
th { text-align: left; font-weight: 500; color: var(--muted); vertical-align: bottom; line-height: 1.3 }
th, td { padding: 7px 12px 7px 0; border-bottom: 1px solid var(--line) }
td { vertical-align: top } td:first-child { min-width: 13em } th:last-child, td:last-child { padding-right: 0 }
.n { text-align: right; white-space: nowrap } th.n { white-space: normal }
.star td { font-weight: 650; background: var(--shade) }
.mark { display: inline-block; width: 1.4em }
figure { margin: 24px 0 32px; max-width: 720px } figure svg { display: block; width: 100%; height: auto }
figure > b { display: block; font-size: 15px; font-weight: 600; margin-bottom: 8px }
figcaption, .caption { color: var(--muted); font-size: 14px; margin-top: 6px; max-width: 76ch }
.prompt { border-left: 3px solid var(--line); padding-left: 16px; white-space: pre-wrap; color: var(--prompt);
  margin: 32px 0 12px; max-width: none }
.lanes { display: grid; grid-template-columns: repeat(auto-fit, minmax(250px, 1fr)); gap: 16px 32px }
.lanes h3 { margin: 0 0 4px; color: var(--text) }
.text { white-space: pre-wrap; line-height: 1.75; margin: 0; font-size: 15px; max-width: none }
.legend { display: flex; flex-wrap: wrap; gap: 4px 24px; font-size: 14px; margin: 8px 0 }
.ta { color: var(--accepted); text-decoration: underline; text-underline-offset: 3px }
.tc { color: var(--correction); font-weight: 700 }
.tb { color: var(--bonus) } .tb::before { content: "•"; font-size: .8em; vertical-align: .5em }
.tr { color: var(--rejected); text-decoration: line-through }
.tu { color: var(--untested); text-decoration: underline dotted; text-underline-offset: 3px }
.tw { color: var(--unverified); text-decoration: underline wavy; text-underline-offset: 3px }
.td { background: var(--text); color: var(--base); padding: 0 3px; border-radius: 3px }
footer { margin-top: 64px; color: var(--muted); font-size: 13px }
"""
_PRINT = """
@page { margin: 15mm }
@media print {
  :root { color-scheme: light; VARIABLES }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  body { font-size: 10.5pt } main { max-width: none; padding: 0 } nav { display: none }
  .wide { overflow: visible } .wide table { min-width: 0 } table { font-size: 8.5pt } th, td { padding: 4px 8px 4px 0 }
  h2 { margin-top: 28px } h2, h3, .prompt { break-after: avoid }
  figure, tr, li, .lane { break-inside: avoid } thead { display: table-header-group }
  .text { font-size: 9pt } .lanes { grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px 20px }
  figure { max-width: 520px }
}
"""
