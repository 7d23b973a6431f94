"""The page as a browser gets it: whole, offline, and with nothing in it that acts."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from typing import cast

import msgspec
import pytest
from msgspec.structs import replace

from engine.events import AnyEvent, ComparisonMeasured, Event, GenerationMeasured, LaneFigures
from engine.reports import html
from engine.reports.documents import ReportOptions
from engine.reports.html import report
from engine.reports.pilot import Prices
from engine.statistics import Interval, RatioEstimate
from tests.comparisons import FOREIGN, GENERAL, PLAIN, comparison

VOID = {"meta", "link", "img", "br", "hr", "input", "circle", "line", "polygon", "polyline", "rect", "path"}
HOSTILE = (
    "</style></title><script>alert(1)</script><img src=x onerror=alert(2)>\"' \x00\x1b[31m\u202eevil\u2066\ud800\ufffe"
)
# Fields that hold one of a few words, which a log cannot spell otherwise and still be read.
CHOICES = {"event", "reason", "shape", "fate", "kind", "runtime", "lane", "name"}


class Reader(HTMLParser):
    """Checks that tags are closed in order, and keeps what could act or load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def hostile(value: object) -> object:
    """The same log with this text in place of every text that a file may choose."""
    if isinstance(value, dict):
        return {key: each if key in CHOICES else hostile(each) for key, each in value.items()}
    if isinstance(value, list):
        return [hostile(each) for each in value]
    return HOSTILE if isinstance(value, str) else value


def hostile_log() -> tuple[Event, ...]:
    events = msgspec.to_builtins(comparison(n_prompts=2, n_tokens=12))
    return tuple(cast(Event, msgspec.convert(hostile(event), AnyEvent)) for event in events)


@pytest.fixture(scope="module")
def page() -> str:
    return report(comparison(n_prompts=4, n_tokens=48), ReportOptions(prices=Prices(per_gpu_hour=2.0)))


def test_the_page_says_what_was_found_out(page: str) -> None:
    text = read(page).text
    for words in (
        "Builtin at γ 4: 1.83×", "Which drafter for the built-in target?", "What would change it", "Same text ✓",
        "Why not the others", "By category", "Acceptance by position", "What the target wanted when it rejected",
        "Predicted and measured speedup", "Drafter and draft length", "What a pilot would save", "Prompt 0: the",
        "How it was measured", "shuffled order", "Energy: not measurable here", "line 3: not JSON",
        "a test's processor", "torch", "2.13.0", "c0ffee00", "Flat. A drafted token",
    ):  # fmt: skip
        assert words in text, words


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(page: str) -> None:
    reader = read(page)
    assert not reader.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not any(name.startswith("on") or name in ("src", "style", "action") for name, _ in reader.attributes)
    addresses = [value for name, value in reader.attributes if name in ("href", "xmlns")]
    assert all(value is not None and value.startswith(("#", "http://www.w3.org/2000/svg")) for value in addresses)
    assert "url(" not in page and "@import" not in page


def test_the_policy_allows_this_style_sheet_alone(page: str) -> None:
    sheet = re.search(r"<style>(.*?)</style>", page, re.S)
    assert sheet is not None
    digest = b64encode(sha256(sheet[1].encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in page
    assert page.index("Content-Security-Policy") < page.index("<style>")


def test_hostile_text_is_shown_and_does_nothing() -> None:
    page = report(hostile_log(), ReportOptions(n_prompts=9, damage=HOSTILE))
    reader = read(page)
    assert not reader.tags & {"script", "img"}
    assert "<script>alert(1)</script>" in reader.text and "⟨U+202E⟩evil⟨U+2066⟩⟨U+D800⟩⟨U+FFFE⟩" in reader.text
    assert not set(page) & set("\x00\x1b\u202e\u2066\ud800\ufffe")
    assert page.encode()


def test_a_line_of_ten_megabytes_is_cut() -> None:
    log = comparison(n_prompts=1, n_tokens=8)
    huge = replace(log[0], note="x" * 10_000_000, skipped=("y" * 10_000_000,))  # type: ignore[type-var]
    generations = [replace(e, text="z" * 10_000_000, rounds=()) if hasattr(e, "rounds") else e for e in log[1:]]
    assert len(report((huge, *generations))) < 200_000


def test_a_comparison_of_twenty_prompts_stays_small() -> None:
    log = comparison(n_prompts=20, n_tokens=128)
    fourth = [
        replace(event, lane=FOREIGN.name)
        for event in log
        if isinstance(event, GenerationMeasured) and event.lane == GENERAL.name
    ]
    assert len(report((*log[:-1], *fourth, log[-1]), ReportOptions(n_prompts=20)).encode()) < 2_000_000


def test_a_loss_is_written_as_one() -> None:
    log = comparison()
    measured = log[-1]
    assert isinstance(measured, ComparisonMeasured)
    slower = RatioEstimate(0.91, Interval(0.85, 0.97), Interval(0.8, 1.0), 12)
    unclear = RatioEstimate(0.98, Interval(0.9, 1.06), Interval(0.8, 1.2), 12)
    lanes = (measured.lanes[0], replace(measured.lanes[1], speedup=slower), replace(measured.lanes[2], speedup=unclear))
    text = read(report((*log[:-1], replace(measured, lanes=lanes)))).text
    assert "0.91× slower here" in text and "0.98× no clear difference" in text


def test_a_text_that_differs_says_where() -> None:
    log = comparison()
    measured = log[-1]
    assert isinstance(measured, ComparisonMeasured)
    lane = replace(measured.lanes[2], same_text=False, n_differing=2, first_divergence=16, margin=0.03)
    lanes: tuple[LaneFigures, ...] = (*measured.lanes[:2], lane)
    text = read(report((*log[:-1], replace(measured, lanes=lanes, n_plain_differing=1)))).text
    assert "differs from plain decoding on 2 of 4 prompts, once from token 17 on (top-2 margin 0.03)" in text
    assert "two plain runs differ on 1: more or earlier than rounding explains" in text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [(True, "Same text ✓ builtin γ 4 differs"), (None, "Same text? builtin γ 4 differs")],
)
def test_differences_that_rounding_may_explain_are_said_but_not_held_against_a_lane(
    verdict: bool | None, words: str
) -> None:
    log = comparison()
    measured = log[-1]
    assert isinstance(measured, ComparisonMeasured)
    lane = replace(measured.lanes[2], same_text=verdict, n_differing=1)
    lanes: tuple[LaneFigures, ...] = (*measured.lanes[:2], lane)
    text = read(report((*log[:-1], replace(measured, lanes=lanes, n_plain_differing=1)))).text
    assert words in text and "exactly" in text and "with sampling" not in text


def test_a_comparison_that_ended_early_is_still_reported() -> None:
    assert "ended before any figures" in read(report(comparison()[:-1])).text
    assert "Stopped early" in read(report(comparison(complete=False))).text
    alone = read(report(comparison(n_prompts=1, lanes=(PLAIN,), refused=(FOREIGN,)))).text
    assert "Token 17 is another word in its vocabulary; use a drafter of the same family" in alone


def test_savings_are_stated_only_at_named_prices() -> None:
    assert "What a pilot would save" not in report(comparison())


def test_every_fate_has_a_cue_beside_its_colour(page: str) -> None:
    for rule in ("underline;", "font-weight: 700", 'content: "•"', "line-through", "underline dotted"):
        assert rule in page
    for kind in ("ta", "tc", "tb", "tr", "tu"):
        assert f"<span class={kind} " in page


def test_both_schemes_and_paper_are_provided_for(page: str) -> None:
    assert "prefers-color-scheme: dark" in page and "@media print" in page and "tabular-nums" in page


def test_escaping_leaves_ordinary_text_as_it_is() -> None:
    assert html.escape("a·b “c” 日本語 <é>") == "a·b “c” 日本語 &lt;é&gt;"
