"""Races made of the prompts of a comparison."""

from msgspec.structs import replace

from app.workspaces.presentation.race import MeanPace, RaceRun
from app.workspaces.presentation.script import leading, n_pages, of_turn, shown_lanes, speedup_of
from tests.app.workspaces.presentation.races import compared, lost, parts


def test_plain_decoding_stands_first_and_every_measured_lane_beside_it() -> None:
    script = compared()
    assert [lane.spec.name for lane in script.lanes] == ["plain", "builtin:small γ 2", "builtin γ 4"]
    assert script.facts.unit == "prompts" and script.facts.all_lanes[-1] == "other γ 4"
    run = RaceRun([lane.recording for lane in script.lanes])
    run.advance_to(1e6)
    assert run.finished and [lane.n_tokens for lane in run.lanes] == [48, 48, 48]


def test_a_turn_without_plain_decoding_or_alone_is_no_race() -> None:
    started, texts, measured = parts()
    assert of_turn(started, {name: text for name, text in texts.items() if name != "plain"}, measured) is None
    assert of_turn(started, {"plain": texts["plain"]}, measured) is None


def test_the_speedup_of_this_race_divides_what_is_on_show() -> None:
    started, texts, measured = parts()
    script = of_turn(started, texts, measured)
    assert script is not None
    plain, small, _ = script.lanes
    assert plain.here is None and plain.measured is None
    assert small.here == texts["plain"].decode_ms / texts["builtin:small γ 2"].decode_ms
    assert speedup_of(small) == 1.44


def test_a_text_without_rounds_is_shown_at_its_mean_pace() -> None:
    started, texts, measured = parts()
    texts["plain"] = replace(texts["plain"], rounds=())
    script = of_turn(started, texts, measured)
    assert script is not None
    plain = script.lanes[0]
    assert plain.paced and isinstance(plain.recording, MeanPace)
    run = RaceRun([plain.recording])
    (emissions,) = run.advance_to(1e6)
    assert "".join(emission.text for emission in emissions) == texts["plain"].text


def test_a_text_that_differs_is_found_even_if_the_log_does_not_say_where() -> None:
    started, texts, measured = parts()
    other = texts["builtin γ 4"]
    texts["builtin γ 4"] = replace(other, ids=(*other.ids[:-1], 9999), margin=0.02)
    script = of_turn(started, texts, measured)
    assert script is not None
    assert [lane.check.same for lane in script.lanes] == [None, True, False]
    assert script.lanes[2].check.as_plain_runs  # the engine's verdict over all prompts
    lanes = tuple(replace(lane, same_text=False, n_differing=1) for lane in measured.lanes)
    judged = of_turn(started, texts, replace(measured, lanes=lanes, n_plain_differing=1))
    assert judged is not None and not judged.lanes[2].check.as_plain_runs


def test_sampled_texts_are_not_compared() -> None:
    started, texts, measured = parts()
    script = of_turn(replace(started, settings=(("temperature", 0.7),)), texts, measured)
    assert script is not None and not script.greedy
    assert {lane.check.same for lane in script.lanes} == {None}


def test_the_headline_is_about_the_recommended_lane_or_the_fastest() -> None:
    script = compared()
    best = leading(script.lanes, script.facts.recommended)
    assert best is not None and best.spec.name == "builtin γ 4"
    small = leading(script.lanes, "builtin:small γ 2")
    assert small is not None and small.spec.gamma == 2
    assert leading(lost().lanes[:1]) is None


def test_more_lanes_than_fit_come_page_by_page_each_with_plain_decoding() -> None:
    script = compared()
    assert n_pages(script, 4) == 1 and n_pages(script, 2) == 2
    pages = [[lane.spec.name for lane in shown_lanes(script, 2, page)] for page in range(3)]
    assert pages[0] == ["plain", "builtin γ 4"] and pages[1] == ["plain", "builtin:small γ 2"]
    assert pages[2] == pages[0]
