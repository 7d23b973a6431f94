from msgspec.structs import replace

from app.state import requests
from app.state.selection import Selection
from engine.commands import Load
from tests.app.factory import MODEL, a_round, started, whole_run

SETUP = requests.Setup(Load(drafter="lookup"), "speculative", {"gamma": 2})


def test_a_fork_goes_on_from_the_selected_token():
    kept = requests.kept_up_to(whole_run(), Selection(0, 1))
    fork = requests.fork(SETUP, kept)
    assert fork.ids == (0, 1, 100, 101)
    assert (fork.forked_from, fork.forked_at) == ("run1", 2)


def test_a_fork_from_a_correction_takes_the_whole_round():
    kept = requests.kept_up_to(whole_run(), Selection(0, 4))
    assert kept.ids == (100, 101, 9)


def test_a_fork_from_a_later_round_takes_the_rounds_before():
    kept = requests.kept_up_to(whole_run(), Selection(1, 0))
    assert kept.ids == (100, 101, 9, 100)


def test_a_ghost_cannot_be_forked_from():
    assert requests.kept_up_to(whole_run(), Selection(0, 2)) is None


def test_nothing_can_be_forked_without_a_selection_or_a_run():
    assert requests.kept_up_to(whole_run(), None) is None
    assert requests.kept_up_to([a_round(0, [" a"])], Selection(0, 0)) is None
    assert requests.kept_up_to([started()], Selection(0, 0)) is None


def test_another_seed_repeats_the_run_on_show_with_the_next_one():
    run = requests.with_seed(started(settings={"seed": 41, "gamma": 3}))
    assert (run.method, run.settings["seed"], run.settings["gamma"]) == ("speculative", 42, 3)
    assert (run.request.prompt, run.request.prompt_ids) == ("Once upon", (0, 1))


def test_the_seed_after_the_last_one_is_the_first():
    assert requests.with_seed(started(settings={"seed": 2**53})).settings["seed"] == 0
    assert requests.with_seed(started()).settings["seed"] == 1


def test_the_pair_of_a_run_is_the_chosen_one_where_it_means_the_same():
    run = started()
    for chosen in (Load(), Load(device="cpu", dtype="float32")):
        assert requests.pair_of(run, chosen) is chosen
    for chosen in (Load(drafter="none"), Load(dtype="float16"), Load(device="cuda")):
        assert requests.pair_of(run, chosen) == Load("builtin", "builtin", "cpu", "auto", "float32")


def test_the_runtime_of_a_run_is_used_again():
    by_modules, by_ours = (replace(started(), runtime=name) for name in ("modules", "fused"))
    assert requests.pair_of(by_modules, Load(runtime="modules")) == Load(runtime="modules")
    assert requests.pair_of(by_modules, Load()).runtime == "modules"
    assert requests.pair_of(by_ours, Load(runtime="modules")).runtime == "auto"
    for chosen in (Load(), Load(runtime="fused")):
        assert requests.pair_of(by_ours, chosen) is chosen


def test_what_auto_came_to_is_not_loaded_again():
    run = replace(started(), runtime="modules")
    without_ours = replace(MODEL, runtime="modules", why_modules="gpt2 models have no fused forward")
    assert requests.pair_of(run, chosen := Load(), without_ours) is chosen
