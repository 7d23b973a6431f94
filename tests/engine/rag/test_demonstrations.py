"""Worked demonstrations: which model reads how many, and that each stands in the prompt as a draft does."""

from pathlib import Path

import pytest

from engine import prompts
from engine.events.answers import DemonstrationChoice
from engine.models.loading import LoadedModel
from engine.rag.demonstrations import WORKED, demonstrations
from tests import fakes
from tests.engine.methods.speculative_rag.test_drafting import loaded


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    folder: Path = tmp_path_factory.mktemp("foreign")
    return loaded(fakes.save(fakes.model(), folder / "m"))


@pytest.mark.parametrize(("choice", "n"), [("auto", 2), ("none", 0), ("one", 1), ("two", 2)])
def test_a_model_from_elsewhere_reads_as_many_as_chosen_and_two_by_itself(
    foreign: LoadedModel, choice: DemonstrationChoice, n: int
) -> None:
    assert demonstrations(choice, foreign) == WORKED[:n]


@pytest.mark.parametrize(("choice", "n"), [("auto", 0), ("one", 1)])
def test_a_built_in_model_was_trained_on_the_layout_and_reads_none_by_itself(
    choice: DemonstrationChoice, n: int
) -> None:
    assert demonstrations(choice, loaded("builtin:rag")) == WORKED[:n]


@pytest.mark.parametrize("worked", WORKED)
def test_response_and_rationale_of_a_demonstration_are_in_its_documents(worked: prompts.WorkedDraft) -> None:
    evidence = " ".join(worked.documents)
    assert worked.response in evidence
    assert worked.response in worked.rationale


def test_demonstrations_stand_before_the_question_in_the_layout_of_a_draft() -> None:
    prompt = prompts.rag_draft(["Salt."], "What?", demonstrations=WORKED)
    assert [segment.name for segment in prompt.segments][:3] == ["task", "demonstration", "demonstration"]
    assert prompt.text.count(prompts.RESPONSE_FOLLOWS) == 2
    assert prompt.text.endswith("\n## Instruction: What?\n## Evidence:\n[1] Salt.\n## Rationale:")
    plain = prompts.standard_rag(["Salt."], "What?", demonstrations=WORKED[:1])
    assert f"\n## Answer: {WORKED[0].response}\n" in plain.text
    assert plain.text.startswith(prompts.STANDARD_TASK)
