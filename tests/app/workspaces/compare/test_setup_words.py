"""What is said below the top bar, and which comparison is on show."""

from pathlib import Path

from msgspec.structs import replace

from app.workspaces.compare import setup_words
from app.workspaces.compare.record import ComparisonRecord, read_record
from engine.events import ComparisonStarted
from engine.experiments.prompt_sets import PromptSet
from tests.comparisons import comparison


def test_a_common_reason_is_said_once() -> None:
    assert setup_words.why_grey("", "") == ""
    assert setup_words.why_grey("no drafter", "no drafter") == "Measure and Tune γ wait: no drafter"
    assert setup_words.why_grey("no draft length", "") == "Measure waits: no draft length"


def test_a_file_says_how_many_prompts_it_has_and_why_lines_are_skipped() -> None:
    start = comparison()[0]
    assert isinstance(start, ComparisonStarted)
    assert setup_words.prompt_file("a.txt", None) == "reading a.txt…"
    assert setup_words.prompt_file("a.txt", PromptSet("a.txt", start.prompts[:1])) == "a.txt: 1 prompt read"
    reasons = tuple(f"line {n}: is not valid JSON" for n in range(1, 8))
    text = setup_words.prompt_file("a.txt", PromptSet("a.txt", start.prompts, reasons, 1200))
    assert text.startswith("a.txt: 4 prompts read, 1,200 entries skipped (line 1: is not valid JSON; ")
    assert "line 5" in text and "line 6" not in text and text.endswith("; …)")


def test_the_comparison_on_show_is_named_with_date_prompts_target_machine_and_file() -> None:
    assert setup_words.identity(ComparisonRecord()) == ""
    record = read_record(comparison(), Path("/kept/by me.jsonl"))
    text = setup_words.identity(record)
    assert text.startswith("Compared 2026-11-2")
    for part in ("4 prompts of builtin", "target built-in target", "a test's processor", "cpu float32 fused", "by me"):
        assert part in text
    assert record.started is not None
    record.started = replace(record.started, started_utc="yesterday <b>")
    assert "Compared yesterday <b>" in setup_words.identity(record)
