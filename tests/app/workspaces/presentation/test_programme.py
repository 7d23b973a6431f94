"""Which races can be shown, and which comes first."""

import pytest

from app.state.store import RunStore
from app.workspaces.compare.comparing import ComparingProgress
from app.workspaces.compare.record import AskedTurn
from app.workspaces.presentation.programme import Programme
from app.workspaces.presentation.racing import RacingProgress
from engine.events import RaceFinished
from tests import comparisons
from tests.app.workspaces.presentation.races import run_record
from tests.app.workspaces.presentation.test_racing import STARTED


@pytest.fixture
def store(qapp: object) -> RunStore:
    return RunStore()


def _compare(store: RunStore, **options: object) -> None:
    for event in comparisons.comparison(**options):  # type: ignore[arg-type]
        store.tab(ComparingProgress).take(event)


def test_there_is_nothing_at_first(store: RunStore) -> None:
    programme = Programme(store)
    programme.refresh()
    assert programme.entries == () and programme.first("run") is None and programme.position(("run",)) is None


def test_every_prompt_of_a_comparison_is_a_race(store: RunStore) -> None:
    programme = Programme(store)
    _compare(store, n_prompts=3)
    assert programme.refresh() and not programme.refresh()
    scripts = [entry.make() for entry in programme.entries]
    assert [script.facts.number for script in scripts if script is not None] == [1, 2, 3]
    assert programme.newest == "comparison"


def test_the_prompt_chosen_in_compare_comes_first(store: RunStore) -> None:
    programme = Programme(store)
    _compare(store)
    store.tab(ComparingProgress).choose_turn(AskedTurn(2, 0))
    programme.refresh()
    assert programme.first("comparison") == 2


def test_a_prompt_that_only_plain_decoding_has_continued_is_none_yet(store: RunStore) -> None:
    programme = Programme(store)
    for event in comparisons.comparison()[:3]:
        store.tab(ComparingProgress).take(event)
    programme.refresh()
    assert programme.entries == ()


def test_the_newest_content_is_shown(store: RunStore) -> None:
    programme = Programme(store)
    _compare(store, n_prompts=2)
    programme.refresh()
    store.history.put(run_record())
    programme.refresh()
    assert programme.newest == "run" and programme.first(programme.newest) == 2
    racing = store.tab(RacingProgress)
    racing.take(STARTED)
    racing.take(RaceFinished("cancelled"))
    programme.refresh()
    assert programme.newest == "live" and programme.entries[0].origin == "live"
