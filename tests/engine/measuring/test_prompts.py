"""Held-out prompts of a given length: exact, seeded, and cut where the built-in world's long texts go on."""

from transformers import PreTrainedTokenizerFast

from engine.measuring.prompts import long_prompts
from engine.models.checkpoint_folder import builtin_folder


def test_long_prompts_have_the_length_and_a_dossier_ends_among_its_questions() -> None:
    tokenizer = PreTrainedTokenizerFast.from_pretrained(builtin_folder("target"))
    for length in (100, 1500):
        for form in ("chronicles", "dossiers"):
            prompts = long_prompts(tokenizer, 2, length, form)
            assert [len(ids) for ids in prompts] == [length, length]
            assert prompts == long_prompts(tokenizer, 2, length, form) and prompts[0] != prompts[1]
    assert "## Question:" in tokenizer.decode(long_prompts(tokenizer, 1, 1500, "dossiers")[0])
