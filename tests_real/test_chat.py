"""An instruct model is asked through the template of its file, and answers as `generate` does on the template's ids."""

import pytest

from tests_real.commands import draftscope
from tests_real.conftest import OpenedModel, Reference
from tests_real.figures import Figures
from tests_real.test_decoding import refuse_different

N_NEW = 32
QUESTION = "What is the capital of France?"


def asked(model: OpenedModel, drafter: str, *more: object) -> dict[str, object]:
    return draftscope(
        "decode", "--target", model.file, "--drafter", drafter, "--prompt", QUESTION, "--max-new-tokens", N_NEW,
        "--no-baseline", "--no-save", "--device", "cpu", "--chat", *more,
    ).summary  # fmt: skip


def test_the_template_of_the_file_is_the_tokenizers(smollm2_reference: Reference) -> None:
    messages = [{"role": "user", "content": QUESTION}]
    text = smollm2_reference.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert text.endswith(f"<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize("system", [None, "You answer in one word."])
@pytest.mark.parametrize("drafter", ["none", "lookup"])
def test_a_chat_gives_the_tokens_of_generate_on_the_templates_ids(
    system: str | None, drafter: str, smollm2: OpenedModel, smollm2_reference: Reference, figures: Figures
) -> None:
    turn = [] if system is None else [{"role": "system", "content": system}]
    ids = smollm2_reference.tokenizer.apply_chat_template(
        [*turn, {"role": "user", "content": QUESTION}], add_generation_prompt=True, return_dict=True
    )["input_ids"]
    ours = asked(smollm2, drafter, *(() if system is None else ("--system", system)))
    theirs = smollm2_reference.greedy(list(ids), N_NEW)
    refuse_different(ours["tokens"], smollm2_reference, list(ids), theirs)  # type: ignore[arg-type]
    figures.add(f"chat, SmolLM2, drafter {drafter}", answer=str(ours["text"]).strip())
