"""Where lanes stand, computed from rounds that were measured."""

from app.workspaces.presentation.race import MOST_EMISSIONS, MeanPace, RaceRun, RecordedRounds, shared_time
from engine.events import RoundFinished


def rounds(*ends_s: float, n_tokens: int = 2) -> list[RoundFinished]:
    """Rounds that end at these times, each with the duration since the one before."""
    starts = (0.0, *ends_s)
    return [
        RoundFinished(i, (), None, tuple(range(n_tokens)), 0.0, 1e3 * (end - start), 0.0, end, f" r{i}")
        for i, (start, end) in enumerate(zip(starts, ends_s, strict=False))
    ]


def recorded(*ends_s: float, prefill_s: float = 0.5) -> RecordedRounds:
    done = rounds(*ends_s)
    return RecordedRounds(done, prefill_s, n_expected=2 * len(done), stamped_from_s=prefill_s)


def test_a_race_starts_with_the_prefill_and_follows_the_time_stamps() -> None:
    run = RaceRun([recorded(1.0, 2.0)])
    (lane,) = run.lanes
    assert run.advance_to(1.49) == ([],) and lane.tokens_per_s is None
    assert [emission.text for emission in run.advance_to(1.5)[0]] == [" r0"]
    assert (lane.n_tokens, lane.share, lane.tokens_per_s) == (2, 0.5, 2.0)
    run.advance_to(9.0)
    assert lane.finished and run.finished and run.seconds(lane) == 2.5


def test_time_that_a_run_was_held_is_not_raced() -> None:
    held = rounds(1.0, 2.0)
    held[1] = RoundFinished(1, (), None, (1,), 0.0, 1000.0, 0.0, at_s=600.0)
    run = RaceRun([RecordedRounds(held, 0.0, n_expected=3, stamped_from_s=None)])
    run.advance_to(2.0)
    assert run.finished


def test_a_lane_of_known_total_time_keeps_its_mean_pace() -> None:
    run = RaceRun([MeanPace(4, 1.0, 2.0, lambda i: f" w{i}")])
    run.advance_to(1.4)
    assert run.lanes[0].n_tokens == 0
    assert [emission.text for emission in run.advance_to(2.1)[0]] == [" w0", " w1"]
    assert run.lanes[0].tokens_per_s == 2.0


def test_places_are_given_at_the_end_and_shared_by_equals() -> None:
    run = RaceRun([recorded(3.0), recorded(1.0), recorded(1.0), recorded(2.0)])
    run.advance_to(1.5)
    assert [run.place(lane) for lane in run.lanes] == [None, 1, 1, None]
    run.advance_to(9.0)
    assert [run.place(lane) for lane in run.lanes] == [4, 1, 1, 3]


def test_a_restart_begins_at_nothing() -> None:
    run = RaceRun([recorded(1.0)])
    run.advance_to(9.0)
    run.restart()
    assert (run.time_s, run.lanes[0].n_tokens, run.finished) == (0.0, 0, False)
    assert len(run.advance_to(9.0)[0]) == 1


def test_a_jump_over_a_long_trace_is_taken_in_slices() -> None:
    run = RaceRun([MeanPace(3 * MOST_EMISSIONS, 0.0, 1.0, str)])
    run.skip_to_end()
    slices = 0
    while run.behind:
        (new,) = run.advance_to(run.time_s)
        assert len(new) <= MOST_EMISSIONS
        slices += 1
    assert slices == 3 and run.finished


def test_the_latest_emissions_come_back_first() -> None:
    run = RaceRun([recorded(1.0, 2.0, 3.0)])
    run.advance_to(2.5)
    assert [emission.text for emission in run.lanes[0].latest()] == [" r1", " r0"]


def test_damaged_times_neither_go_back_nor_stop_the_race() -> None:
    nan, inf = float("nan"), float("inf")
    broken = [RoundFinished(i, (), None, (1,), 0.0, nan, 0.0, at) for i, at in enumerate((2.0, 1.0, nan, inf, -5.0))]
    for stamped_from_s in (0.0, None):
        run = RaceRun([RecordedRounds(broken, inf, n_expected=5, stamped_from_s=stamped_from_s)])
        run.advance_to(2.0)
        assert run.finished and run.lanes[0].n_tokens == 5


def test_a_live_race_shows_no_lane_ahead_of_another() -> None:
    slow = RecordedRounds(rounds(1.0), 0.0, n_expected=9, stamped_from_s=0.0, complete=False)
    fast = RecordedRounds(rounds(1.0, 4.0), 0.0, n_expected=9, stamped_from_s=0.0, complete=False)
    assert shared_time([slow, fast]) == 1.0
    slow.complete = True
    assert shared_time([slow, fast]) == 4.0
    fast.complete = True
    assert shared_time([slow, fast]) == 4.0 and shared_time([]) == 0.0
