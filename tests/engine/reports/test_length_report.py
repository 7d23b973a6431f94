"""The report of a measurement over lengths."""

from engine.events import (
    AttentionChecked,
    LengthMeasured,
    LengthsMeasured,
    LengthsStarted,
    PrefillMeasured,
    TextStretch,
)
from engine.reports import html, length_report, tables
from engine.statistics import Interval

STARTED = LengthsStarted(
    "builtin", ("none", "builtin", "lookup"), (512, 2048), 8192, "story.txt", 9000, 0, 2048, "start", "", "cut <here>",
    1, 4, 64, 3, 512, "auto", "cpu", "float32", (AttentionChecked("flash", "SDPA, flash", "", 1e-7, 1e-5, 2.0),),
)  # fmt: skip
STRETCHES = (TextStretch(512, 544, 0.8, 3.0, 8, 10, 4),)
EVENTS = (
    STARTED,
    PrefillMeasured(512, 512, "auto", 100.0, 90.0, 1.11),
    LengthMeasured(512, "none", 0, 512, speedup=1.0, tau=1.0, kv_bytes_target=1 << 20),
    LengthMeasured(
        512, "builtin", 4, 512, ms_per_token=1.0, plain_ms_per_token=1.7, speedup=1.7, speedup_range=Interval(1.6, 1.8),
        n=3, alpha=0.8, tau=3.0, kv_bytes_drafter=1 << 18, stretches=STRETCHES,
    ),
    LengthMeasured(2048, "builtin", 4, 2048, speedup=1.2, n=3, tau=2.0, kv_bytes_drafter=1 << 20),
    LengthMeasured(2048, "lookup", 4, 2048, speedup=0.9, n=3, tau=1.1, kv_bytes_drafter=0),
    LengthMeasured(2048, "/x", 4, 2048, why_not="there is no folder /x"),
    LengthsMeasured(4, 1, 2.0, ("something else used this machine",), "one text of story.txt"),
)  # fmt: skip


def test_every_row_and_every_reason_is_in_the_tables() -> None:
    made = tables.tables(EVENTS)
    assert {name: len(table.rows) for name, table in made.items()} == {
        "lengths": 5, "prefill": 1, "positions": 1, "kernels": 1,
    }  # fmt: skip
    assert made["lengths"].rows[-1][-1] == "there is no folder /x"


def test_the_report_says_who_is_fastest_at_the_longest_length_and_what_was_cut() -> None:
    page = html.report(EVENTS)
    assert "Fastest at 2,048 tokens" in page and "1.20×" in page
    assert "cut &lt;here&gt;" in page and "something else used this machine" in page
    assert "Stopped early" not in page
    assert "Stopped early" in html.report(EVENTS[:-1])


def test_a_length_at_which_nothing_pays_is_called_a_loss() -> None:
    slow = [LengthMeasured(9, "lookup", 4, 9, speedup=0.9)]
    assert "a loss" in length_report.headline(slow)
    assert length_report.headline([]) == "No drafter was measured"
