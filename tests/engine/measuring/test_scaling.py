"""Time per token against context and draft length: what the command says, not how fast it is."""

import json

import pytest

from engine.cli import main

PAIR = ["--target", "timing:tiny", "--drafter", "timing:tiny-draft@0.7"]


def test_every_point_has_its_measurement_and_every_draft_length_its_prediction(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = [
        "--contexts",
        "16,40",
        "--gammas",
        "1,3",
        "--batches",
        "2",
        "--blocks",
        "3",
        "--max-new-tokens",
        "12",
        "--json",
    ]
    assert main(["bench", "scaling", *PAIR, *asked]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [point["n_prompt"] for point in summary["contexts"]] == [16, 40]
    for point in summary["contexts"]:
        assert point["ms_per_token"].keys() == {"ours_plain", "ours_speculative", "transformers_plain"}
        times = point["ms_per_token"]
        assert all(one["value"] > 0 and one["ci"] is None and len(one["range"]) == 2 for one in times.values())
        assert point["speedup"]["value"] == times["ours_plain"]["value"] / times["ours_speculative"]["value"]
        assert all(one["value"] > 0 for one in point["prefill_ms"].values())
        assert point["fraction_of_limit"] > 0
    for point, gamma in zip(summary["gammas"], (1, 3), strict=True):
        assert point["gamma"] == gamma
        assert point["predicted_speedup"] > 0
        assert point["speedup"]["value"] == summary["plain_ms_per_token"]["value"] / point["ms_per_token"]["value"]
        assert 1 <= point["tau"] <= gamma + 1
    assert [point["batch"] for point in summary["batches"]] == [2]
    assert "random weights" in summary["timing_pair"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--contexts", "1,a"], "not a list"),
        (["--contexts", "99999"], "use at most"),
        (["--blocks", "2"], "blocks = 2"),
        (["--max-new-tokens", "2"], "max-new-tokens = 2"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "scaling", *PAIR, *options]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
