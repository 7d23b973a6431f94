"""What fills the window, and what is left out where it is too small."""

import pytest

from engine.errors import InputError
from engine.methods.drag.window import FittedPrompt, PromptContent, context_length, fitted
from engine.models.loading import LoadedModel
from engine.prompts import FINAL, Demonstration, FollowUp, begun_line
from tests.scaling import builtin_target

DOCUMENTS = tuple(f"The feast number {i} was held in the town of Ked, as the old book says." for i in range(8))
SHOWN = tuple(Demonstration((DOCUMENTS[i],), f"Where was feast {i}?", "Ked") for i in range(3))
CONTENT = PromptContent("Where was the feast?", DOCUMENTS, SHOWN, iterates=True)


@pytest.fixture(scope="module")
def target() -> LoadedModel:
    return builtin_target()


def n_of(prompt: FittedPrompt) -> dict[str, int]:
    return {part.role: part.n_tokens for part in prompt.context}


def test_parts_add_up_to_the_window_and_the_prompt_to_what_the_tokenizer_counts(target: LoadedModel) -> None:
    steps = (FollowUp("Which feast?", "the first"),)
    prompt = fitted(CONTENT._replace(steps=steps, begun=begun_line(FINAL)), target, 40)
    assert sum(n_of(prompt).values()) == target.context
    assert context_length(prompt.context) == len(target.tokenizer(prompt.encoded.text)["input_ids"])
    assert all(n > 0 for n in n_of(prompt).values()) and prompt.note == ""


def test_farthest_demonstrations_go_first_then_the_worst_documents(target: LoadedModel) -> None:
    whole = context_length(fitted(CONTENT, target, 40).context)
    smaller = fitted(CONTENT, target._replace(context=whole + 40 - 5), 40)
    assert smaller.content.demonstrations == SHOWN[1:] and smaller.content.documents == DOCUMENTS
    assert smaller.note == f"1 of 3 demonstrations left out: builtin reads {whole + 35:,} tokens"
    few = fitted(CONTENT, target._replace(context=150), 40)
    assert few.content.demonstrations == () and few.content.documents == DOCUMENTS[-len(few.content.documents) :]
    assert 0 < len(few.content.documents) < 8 and "3 of 3 demonstrations and" in few.note


def test_a_question_that_does_not_fit_is_refused(target: LoadedModel) -> None:
    with pytest.raises(InputError, match=r"the question has .* tokens by itself, builtin has room for 0"):
        fitted(CONTENT, target._replace(context=30), 40)
