"""Names that tell kept work apart."""

from engine.events import LaneSpec
from engine.store import naming


def test_a_run_is_named_by_its_drafter_draft_length_and_prompt() -> None:
    assert naming.run("builtin:small", [("gamma", 3)], "Once upon") == "builtin:small γ 3 · Once upon"
    assert naming.run("/models/my-drafter/", [("gamma", 3)], "Once upon") == "my-drafter γ 3 · Once upon"
    assert naming.run("plain", [("gamma", 3)], "Once upon") == "plain · Once upon"
    assert naming.run("lookup", [], "") == "lookup"
    assert naming.measured("bench decode", "builtin γ 4") == "bench decode · builtin γ 4"


def test_a_comparison_is_named_by_all_its_drafters_draft_lengths_and_prompts() -> None:
    lanes = [
        LaneSpec("plain", "none", gamma=0),
        LaneSpec("a", "builtin", gamma=4),
        LaneSpec("b", "lookup", gamma=2),
        LaneSpec("c", "builtin", gamma=2),
    ]
    assert naming.lanes(lanes, "/home/me/code.jsonl", 4) == "builtin, lookup γ 2, 4 · code.jsonl, 4 prompts"
    assert naming.lanes(lanes[:1], "builtin", 1) == "plain · builtin, 1 prompt"
    assert naming.race(lanes, "Go") == "race · builtin, lookup γ 2, 4 · Go"


def test_a_training_is_named_by_its_folder() -> None:
    assert naming.training("forward-kl", "builtin", "/data/d1") == "d1 · for builtin · forward-kl"
