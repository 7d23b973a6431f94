"""Prompts that gates learn from are none of those that anything is measured on."""

from engine.experiments import builtin_prompts
from engine.session.gates import gate_prompts


def test_prompts_of_a_gate_are_of_all_tasks_and_of_no_set() -> None:
    chosen = gate_prompts("builtin", 16)
    assert len(chosen) == 16
    assert {prompt.category for prompt in chosen} == set(builtin_prompts.BUILTIN_SETS)
    known = {prompt.turns for name in builtin_prompts.BUILTIN_SETS for prompt in builtin_prompts.built_in(name)}
    assert not known & {prompt.turns for prompt in chosen}


def test_one_task_gives_its_own_prompts() -> None:
    assert {prompt.category for prompt in gate_prompts("builtin:stories", 3)} == {"stories"}


def test_questions_come_with_their_answers() -> None:
    asked = builtin_prompts.answered(3)
    assert len({prompt for prompt, _ in asked}) == 3
    assert all(answer for _, answer in asked)
