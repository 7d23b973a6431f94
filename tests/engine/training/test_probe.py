"""Looking at a model while it trains: what counts as written exactly."""

import torch
from transformers import PreTrainedModel

from engine import prompts
from engine.training.probe import NEAR_PROBES, PROBES, probe, samples, written
from engine.training.weighted_text import encode
from engine.world.open_names import split_of
from tests import fakes

WORDS = fakes.tokenizer()
PROMPT = prompts.standard_rag(["Bal sells salt."], "What does Bal sell?", "salt")


def knowing(text: str) -> PreTrainedModel:
    """A model that, at every place of PROMPT, predicts the next id of `text` there."""
    ids = [*WORDS(text)["input_ids"], 0]
    made = fakes.model(max_position_embeddings=1024)

    def forward(input_ids: torch.Tensor, **_: object) -> object:
        logits = torch.zeros(1, input_ids.shape[1], fakes.N_ENTRIES)
        for place in range(input_ids.shape[1]):
            logits[0, place, ids[place + 1] if place + 1 < len(ids) else 0] = 9.0
        return type("Output", (), {"logits": logits})

    made.forward = forward  # type: ignore[method-assign]
    return made


def exact(text: str) -> bool:
    return bool(written(knowing(text), WORDS, PROMPT)[1].all())


def test_right_answer_followed_by_the_end_or_by_another_line_is_exact() -> None:
    assert exact(PROMPT.text)
    assert exact(PROMPT.text + "\n## Question: more?")


def test_wrong_or_longer_answer_is_not_exact() -> None:
    assert not exact(PROMPT.given + " glass")
    assert not exact(PROMPT.text + " and more")


def test_only_what_is_written_is_scored() -> None:
    loss, correct = written(knowing(PROMPT.text), WORDS, PROMPT)
    n_written = len(encode(WORDS, PROMPT).ids) - len(WORDS(PROMPT.given)["input_ids"])
    assert len(loss) == len(correct) == n_written


def test_probes_ask_the_same_every_time_and_only_about_names_of_the_validation_split() -> None:
    first = samples("draft", "single", 4, 5)
    assert first == samples("draft", "single", 4, 5)
    last_words = {prompt.part("answer").split()[-1] for prompt in samples("standard", "bridge", 2, 20)}
    assert not {word for word in last_words if word.istitle() and split_of(word) == "test"}


def test_every_probe_gives_a_score_and_so_does_the_prose() -> None:
    names = [score.name for score in probe(fakes.model(max_position_embeddings=2048), WORDS, 1)]
    assert len(names) == len(set(names)) == len(PROBES) + len(NEAR_PROBES) + 1
    assert names[-1] == "prose"
