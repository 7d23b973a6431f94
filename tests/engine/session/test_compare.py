"""Comparisons and races on tiny models, as a host would run them."""

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Event as Flag

import pytest
import torch
from msgspec.structs import replace

from engine.commands import Compare, Load, Race
from engine.errors import InputError
from engine.events import (
    ComparisonMeasured,
    ComparisonStarted,
    Event,
    GenerationMeasured,
    LaneRefused,
    LaneSpec,
    ModelLoaded,
    Progressed,
    RaceFinished,
    RaceStarted,
    RoundFinished,
    Setting,
)
from engine.experiments import comparing
from engine.experiments.lane_specs import PLAIN, lanes_of
from engine.experiments.lanes import Lane
from engine.runtime import AskedPrompt, Cancelled
from engine.session import compare
from engine.session.session import Session
from engine.settings import GenerationConfig
from tests import fakes, vocabularies

SETTINGS: Mapping[str, Setting] = {"max_new_tokens": 16, "stop_at_end": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A target, a related drafter, one whose words cannot pass through text, and a file of prompts."""
    made: Path = tmp_path_factory.mktemp("lanes")
    target = fakes.model(sharpness=3.0)
    fakes.save(target, made / "target")
    fakes.save(fakes.noisy_copy(target), made / "near")
    fakes.save(fakes.model(), made / "foreign", words=vocabularies.blanks_lost())
    lines = [{"prompt": prompt, "category": ("a", "b")[i % 2]} for i, prompt in enumerate(fakes.PROMPTS)]
    (made / "prompts.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\nnot json\n")
    return made


@pytest.fixture(scope="module")
def session() -> Session:
    return Session()


def command(folder: Path, *drafters: str, gammas: tuple[int, ...] = (2,), **changes: object) -> Compare:
    specs = [name if name == "lookup" else str(folder / name) for name in drafters]
    values: dict[str, object] = {
        "prompts": str(folder / "prompts.jsonl"), "target": str(folder / "target"), "settings": SETTINGS, **changes,
    }  # fmt: skip
    return Compare(lanes_of(specs, gammas), **values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def events(folder: Path, session: Session) -> list[Event]:
    return list(session.do(command(folder, "near", "foreign", "lookup", gammas=(1, 3)), Flag()))


def texts(events: list[Event]) -> list[GenerationMeasured]:
    return [event for event in events if isinstance(event, GenerationMeasured)]


def last(events: list[Event]) -> ComparisonMeasured:
    assert isinstance(events[-1], ComparisonMeasured)
    return events[-1]


def test_the_log_begins_with_what_is_compared_and_ends_with_the_figures(events: list[Event]) -> None:
    kept = [event for event in events if not isinstance(event, ModelLoaded)]
    started = next(event for event in kept if isinstance(event, ComparisonStarted))
    assert [lane.name for lane in started.lanes] == [
        "plain", "near γ 1", "near γ 3", "lookup γ 1", "lookup γ 3", "foreign γ 1", "foreign γ 3",
    ]  # fmt: skip
    assert {prompt.turns[0] for prompt in started.prompts} == set(fakes.PROMPTS)
    assert len(started.skipped) == 1
    assert last(events).complete
    assert last(events).n_measured == len(fakes.PROMPTS)


def test_a_drafter_with_other_words_is_left_out_with_the_reason_and_the_others_go_on(events: list[Event]) -> None:
    refused = [event for event in events if isinstance(event, LaneRefused)]
    assert [event.lane for event in refused] == ["foreign γ 1", "foreign γ 3"]
    assert all("token" in event.why for event in refused)
    rows = {row.lane: row for row in last(events).lanes}
    assert rows["foreign γ 1"].why_not.startswith(refused[0].why)
    assert rows["foreign γ 1"].speedup is None
    assert rows["near γ 3"].n_prompts == len(fakes.PROMPTS)


def test_every_lane_continues_every_prompt_and_writes_the_plain_text(events: list[Event]) -> None:
    names = {"plain", "near γ 1", "near γ 3", "lookup γ 1", "lookup γ 3"}
    first = [text for text in texts(events) if text.repeat == 0]
    assert {(text.lane, text.prompt) for text in first} == {(name, i) for name in names for i in range(4)}
    plain = {text.prompt: text.ids for text in first if text.lane == "plain"}
    assert all(text.ids == plain[text.prompt] and text.first_divergence is None for text in first)
    assert all(row.same_text is True for row in last(events).lanes if row.n_tokens and row.lane != "plain")


def test_progress_counts_every_text(events: list[Event]) -> None:
    reported = [event for event in events if isinstance(event, Progressed)]
    of_texts = [event for event in reported if event.phase == "measuring" and event.unit == "texts"]
    at_first = of_texts[0].total
    done = [event.done for event in of_texts if event.total == at_first]
    assert at_first == 5 * len(fakes.PROMPTS)
    assert sorted(set(done)) == list(range(1, int(at_first) + 1))


def test_the_order_of_lanes_changes_from_prompt_to_prompt(events: list[Event]) -> None:
    orders = [tuple(text.lane for text in texts(events) if (text.prompt, text.repeat) == (i, 0)) for i in range(4)]
    assert len(set(orders)) > 1


def test_rounds_travel_without_lists_and_on_the_lanes_own_clock(events: list[Event]) -> None:
    for text in texts(events):
        if text.repeat:
            assert text.rounds == ()
            continue
        assert [id for event in text.rounds for id in event.emitted] == list(text.ids)
        assert all(not token.top_p and not token.top_q for event in text.rounds for token in event.proposed)
        times = [event.at_s for event in text.rounds]
        assert times == sorted(times)
        assert 0 < times[0] <= times[-1]
        assert times[-1] * 1e3 >= text.decode_ms * 0.9
        assert {event.lane for event in text.rounds} == {text.lane}


def test_what_stands_side_by_side_divides_to_the_speedup(events: list[Event]) -> None:
    rows = {row.lane: row for row in last(events).lanes if row.ms_per_token is not None}
    plain = rows["plain"]
    for row in rows.values():
        assert row.speedup is not None
        assert row.speedup.value == pytest.approx(plain.ms_per_token / row.ms_per_token)  # type: ignore[operator]
        assert row.speedup.ci is None, "four prompts have a range"
        assert row.tokens_per_s == pytest.approx(1e3 / row.ms_per_token)  # type: ignore[operator]


def test_the_figures_of_a_lane_are_those_of_its_rounds(events: list[Event]) -> None:
    row = next(row for row in last(events).lanes if row.lane == "near γ 3")
    rounds = [each for text in texts(events) if text.lane == row.lane for each in text.rounds]
    fates = [token.fate for each in rounds for token in each.proposed]
    tested = fates.count("accepted") + fates.count("rejected")
    assert row.alpha == pytest.approx(fates.count("accepted") / tested)
    assert row.efficiency == pytest.approx(fates.count("accepted") / len(fates))
    assert row.tau == pytest.approx(sum(len(each.emitted) for each in rounds) / len(rounds))
    assert sum(accepted for accepted, _ in row.positions) == fates.count("accepted")
    assert {category.category for category in row.categories} == {"a", "b"}
    assert row.memory_bytes is not None
    plain = next(row for row in last(events).lanes if row.lane == "plain")
    assert row.memory_bytes > plain.memory_bytes  # type: ignore[operator]


def test_one_lane_or_none_is_recommended_and_every_other_says_why_not(events: list[Event]) -> None:
    chosen = last(events).recommendation
    assert chosen is not None
    assert chosen.because
    assert "4 prompts" in chosen.workload
    assert {row.lane for row in last(events).lanes if not row.why_not} == {chosen.lane}
    assert any("batch 8" in sentence or "tokens" in sentence for sentence in chosen.changes)


def test_a_target_in_memory_is_used_again(folder: Path, session: Session, events: list[Event]) -> None:
    again = list(session.do(command(folder, "lookup", n_prompts=1), Flag()))
    assert not any(isinstance(event, ModelLoaded) for event in again)


def test_tuning_confirms_at_most_three_lengths_of_each_drafter(folder: Path, session: Session) -> None:
    tuned = list(session.do(command(folder, "near", "lookup", tune=True, n_prompts=2), Flag()))
    started = next(event for event in tuned if isinstance(event, ComparisonStarted))
    for drafter in (str(folder / "near"), "lookup"):
        assert 1 <= sum(lane.drafter == drafter for lane in started.lanes) <= 3
    predictions = last(tuned).predictions
    assert {(each.drafter, each.gamma) for each in predictions} == {
        (drafter, gamma) for drafter in (str(folder / "near"), "lookup") for gamma in range(1, 17)
    }
    measured = {(each.drafter, each.gamma) for each in predictions if each.measured is not None}
    assert measured == {(lane.drafter, lane.gamma) for lane in started.lanes if lane.gamma}


def test_a_second_turn_follows_the_plain_answer(folder: Path, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "question.jsonl"
    path.write_text(json.dumps({"question_id": 1, "category": "x", "turns": ["The harbour", "And then?"]}))
    turned = texts(list(session.do(command(folder, "near", prompts=str(path)), Flag())))
    first, second = ([text for text in turned if text.turn == turn] for turn in (0, 1))
    plain = next(text for text in first if text.lane == "plain")
    assert {text.lane for text in second} == {"plain", "near γ 2"}
    for text in second:
        n = len(plain.prompt_ids) + len(plain.ids)
        assert text.prompt_ids[:n] == (*plain.prompt_ids, *plain.ids)


def test_a_stop_keeps_what_was_measured(folder: Path, session: Session) -> None:
    flag, kept = Flag(), []
    with pytest.raises(Cancelled):
        for event in session.do(command(folder, "near"), flag):
            kept.append(event)
            if isinstance(event, GenerationMeasured) and event.prompt == 1:
                flag.set()
    assert isinstance(kept[-1], ComparisonMeasured)
    assert not kept[-1].complete
    assert kept[-1].n_measured >= 1


def test_sampled_lanes_are_not_called_the_same_or_different(folder: Path, session: Session) -> None:
    settings = {**SETTINGS, "temperature": 1.0}
    sampled = list(session.do(command(folder, "near", settings=settings, n_prompts=2), Flag()))
    assert all(row.same_text is None for row in last(sampled).lanes)
    assert all(text.first_divergence is None for text in texts(sampled))


def test_rounding_is_calibrated_by_a_second_plain_run(folder: Path) -> None:
    low = list(Session().do(command(folder, "near", dtype="bfloat16", n_prompts=2), Flag()))
    assert last(low).n_plain_differing is not None
    assert any(text.lane == "plain" and text.repeat == 1 for text in texts(low))


def test_where_no_drafter_can_serve_it_is_left_off_without_a_measurement(folder: Path, session: Session) -> None:
    alone = list(session.do(command(folder, "foreign"), Flag()))
    chosen = last(alone).recommendation
    assert chosen is not None
    assert (chosen.drafter, chosen.gamma) == ("none", 0)
    assert not texts(alone)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"settings": {"temperature": -1.0}}, "temperature"), ({"repeats": 0}, "repeats"), ({"n_prompts": -1}, "prompts")],
)
def test_bad_settings_are_refused_before_anything_is_loaded(
    folder: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        list(Session().do(command(folder, "near", **changes), Flag()))


def test_a_lane_that_fails_at_its_first_rounds_is_left_out_and_the_others_go_on(
    folder: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = comparing.warm_up

    def failing(lane: Lane, *rest: object) -> None:
        if lane.spec.drafter == "lookup":
            raise MemoryError
        real(lane, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(comparing, "warm_up", failing)
    kept = list(session.do(command(folder, "near", "lookup", n_prompts=1), Flag()))
    assert [event.lane for event in kept if isinstance(event, LaneRefused)] == ["lookup γ 2"]
    assert {text.lane for text in texts(kept)} == {"plain", "near γ 2"}
    assert "memory ran out" in next(row.why_not for row in last(kept).lanes if row.lane == "lookup γ 2")


def test_lanes_of_one_name_are_refused_before_anything_is_loaded(folder: Path) -> None:
    twice = replace(command(folder, "near"), lanes=(LaneSpec("a", "lookup", 1), LaneSpec("a", "lookup", 2)))
    with pytest.raises(InputError, match="are called"):
        list(Session().do(twice, Flag()))


def test_a_stop_while_the_models_are_loaded_leaves_nothing_behind(folder: Path) -> None:
    flag = Flag()
    flag.set()
    kept: list[Event] = []
    with pytest.raises(Cancelled):
        kept += Session().do(command(folder, "near"), flag)
    assert not kept


def test_a_stop_while_tuning_leaves_nothing_behind(folder: Path, session: Session) -> None:
    flag, kept = Flag(), []
    with pytest.raises(Cancelled):
        for event in session.do(command(folder, "near", tune=True), flag):
            kept.append(event)
            if isinstance(event, Progressed) and event.phase == "tuning":
                flag.set()
    assert not any(isinstance(event, ComparisonStarted) for event in kept)
    tried = [event for event in kept if isinstance(event, Progressed) and event.phase == "tuning"]
    assert [(event.done, event.total) for event in tried] == [(1, 3 * (1 + len(fakes.PROMPTS)))]


def test_energy_is_not_stated_where_one_counter_would_miss_a_device(folder: Path) -> None:
    own = Session()
    list(own.do(Load(str(folder / "target"), str(folder / "near"))))
    assert own.target is not None and own.models is not None and own.models.drafter is not None
    away = own.models.drafter._replace(device=torch.device("cuda", 0))
    lane = Lane(PLAIN, own.target, None, away, GenerationConfig())
    assert "several devices" in str(compare._meter([lane]))
    assert "several devices" not in str(compare._meter([lane._replace(model=own.models.drafter)]))


def test_prompts_too_long_for_the_target_are_skipped_by_name(folder: Path, session: Session, tmp_path: Path) -> None:
    path = tmp_path / "prompts.txt"
    path.write_text("The harbour\n" + "lantern " * 400 + "\n")
    started = next(
        event
        for event in session.do(command(folder, "lookup", prompts=str(path)), Flag())
        if isinstance(event, ComparisonStarted)
    )
    assert len(started.prompts) == 1
    assert "reads at most" in started.skipped[0]


def test_a_race_goes_round_by_round_and_ends_with_the_same_text(folder: Path, session: Session) -> None:
    lanes = lanes_of([str(folder / "near"), "lookup"], (2,))
    raced = list(session.do(Race(lanes, "The harbour", SETTINGS, target=str(folder / "target")), Flag()))
    started = next(event for event in raced if isinstance(event, RaceStarted))
    rounds = [event for event in raced if isinstance(event, RoundFinished)]
    assert [event.lane for event in rounds[:3]] == [lane.name for lane in started.lanes]
    for name in (lane.name for lane in started.lanes):
        own = [event for event in rounds if event.lane == name]
        assert [event.at_s for event in own] == sorted(event.at_s for event in own)
        assert sum(len(event.emitted) for event in own) == 16
    assert isinstance(raced[-1], RaceFinished)
    assert raced[-1].same_text == (("near γ 2", True), ("lookup γ 2", True))


def test_two_lanes_of_a_race_may_share_a_drafter(folder: Path, session: Session) -> None:
    lanes = lanes_of([str(folder / "near")], (1, 3))
    raced = list(session.do(Race(lanes, "The harbour", SETTINGS, target=str(folder / "target")), Flag()))
    assert isinstance(raced[-1], RaceFinished)
    assert raced[-1].same_text == (("near γ 1", True), ("near γ 3", True))


def test_a_stopped_race_says_so(folder: Path, session: Session) -> None:
    flag, raced = Flag(), []
    lanes = lanes_of(["lookup"], (2,))
    for event in session.do(Race(lanes, "The harbour", SETTINGS, target=str(folder / "target")), flag):
        raced.append(event)
        if isinstance(event, RoundFinished):
            flag.set()
    assert isinstance(raced[-1], RaceFinished)
    assert raced[-1].reason == "cancelled"


def test_the_pair_in_memory_serves_a_comparison_on_its_target(folder: Path) -> None:
    own = Session()
    list(own.do(Load(str(folder / "target"), str(folder / "near"))))
    shared = list(own.do(command(folder, "near", n_prompts=1), Flag()))
    assert not any(isinstance(event, ModelLoaded) for event in shared)
    assert last(shared).n_measured == 1


def test_a_second_turn_of_an_instruct_model_is_a_turn_of_the_conversation(folder: Path) -> None:
    words = fakes.chat_tokenizer()
    target = fakes.save(fakes.model(sharpness=3.0), folder / "harbour-instruct", words=words)
    (folder / "turns.jsonl").write_text(json.dumps({"question_id": 1, "turns": ["Who rings?", "And when?"]}))
    asked = command(
        folder, "lookup", prompts=str(folder / "turns.jsonl"), target=target,
        settings={"max_new_tokens": 8, "system": "Be brief."},
    )  # fmt: skip
    events = list(Session().do(asked, Flag()))
    first, second = (next(event for event in texts(events) if event.turn == turn) for turn in (0, 1))
    plain = next(event for event in texts(events) if event.turn == 0 and event.lane == PLAIN.name)
    answer = words.decode([token for token in plain.ids if token not in words.convert_tokens_to_ids(["<|im_end|>"])])
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Who rings?"},
        {"role": "assistant", "content": answer},
        {"role": "user", "content": "And when?"},
    ]
    for event, n_turns in ((first, 2), (second, 4)):
        expected = words.apply_chat_template(turns[:n_turns], add_generation_prompt=True)["input_ids"]
        assert list(event.prompt_ids) == expected
    assert last(events).recommendation is None or "asked as chat" in last(events).recommendation.workload
    raw = list(Session().do(replace(asked, settings={"max_new_tokens": 8, "chat": "off"}), Flag()))
    assert words.decode(texts(raw)[0].prompt_ids) == "Who rings?"


def test_what_is_changed_in_prompts_is_said_once_with_the_number_of_prompts() -> None:
    asked = [AskedPrompt((1,), warning="merged", way_out="do so"), AskedPrompt((1,)), AskedPrompt((1,), warning="cut")]
    assert compare._notes([*asked, asked[0]]) == (
        "merged (prompts affected: 2 of 4); do so",
        f"cut (prompts affected: 1 of 4); {asked[2].way_out}",
    )


def test_all_stages_of_a_comparison_share_one_estimate_of_the_time_left(events: list[Event]) -> None:
    left = [event.left_s for event in events if isinstance(event, Progressed) and event.unit in ("texts", "steps")]
    assert len(left) > 2 and all(seconds is not None and seconds >= 0 for seconds in left[1:])
    assert all(event.left_s is None for event in events if isinstance(event, Progressed) and event.unit == "lanes")
