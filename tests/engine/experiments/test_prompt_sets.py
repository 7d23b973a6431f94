"""Prompt sets: which prompts a name stands for, and how some of them are chosen."""

from pathlib import Path

import pytest

from engine.errors import InputError
from engine.experiments import prompt_sets
from engine.experiments.builtin_prompts import BUILTIN_SETS, N_PROMPTS


def categories(n: int, *, seed: int = 0) -> list[str]:
    """The categories of n prompts of all built-in tasks."""
    return [prompt.category for prompt in prompt_sets.read("builtin", n=n, seed=seed).prompts]


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Prompts in three categories of different size."""
    path = tmp_path / "questions.jsonl"
    lines = [
        f'{{"prompt": "{c}{i}", "category": "{c}"}}\n' for c, n in (("a", 9), ("b", 4), ("c", 1)) for i in range(n)
    ]
    path.write_text("".join(lines), encoding="utf-8")
    return str(path)


def test_all_tasks_take_turns() -> None:
    tasks = list(BUILTIN_SETS)
    assert categories(0) == tasks * N_PROMPTS
    assert set(categories(len(tasks))) == set(tasks)


def test_a_task_is_a_set_of_its_own() -> None:
    for task in BUILTIN_SETS:
        chosen = prompt_sets.read(f"builtin:{task}")
        assert chosen.name == f"builtin:{task}"
        assert {prompt.category for prompt in chosen.prompts} == {task}
        assert len({prompt.id for prompt in chosen.prompts}) == len(chosen.prompts)


def test_the_same_number_and_seed_choose_the_same_prompts(file: str) -> None:
    assert prompt_sets.read(file, n=5, seed=3) == prompt_sets.read(file, n=5, seed=3)
    assert prompt_sets.read(file, n=9, seed=3) != prompt_sets.read(file, n=9, seed=4)


@pytest.mark.parametrize("seed", range(4))
def test_fewer_prompts_are_the_beginning_of_more(file: str, seed: int) -> None:
    most = prompt_sets.read(file, n=14, seed=seed).prompts
    assert len(most) == 14
    assert all(prompt_sets.read(file, n=n, seed=seed).prompts == most[:n] for n in range(1, 14))


def test_categories_take_turns_until_they_are_used_up(file: str) -> None:
    chosen = [prompt.category for prompt in prompt_sets.read(file, n=9).prompts]
    assert sorted(chosen[:3]) == ["a", "b", "c"]
    assert (chosen.count("a"), chosen.count("b"), chosen.count("c")) == (4, 4, 1)


def test_all_prompts_stay_in_the_order_of_the_file(file: str) -> None:
    assert [prompt.turns[0] for prompt in prompt_sets.read(file).prompts[:3]] == ["a0", "a1", "a2"]


def test_more_than_there_are_is_all_of_them(file: str) -> None:
    assert len(prompt_sets.read(file, n=500).prompts) == 14


def test_a_set_is_named_after_its_file_alone(file: str) -> None:
    assert prompt_sets.read(file).name == "questions.jsonl"


@pytest.mark.parametrize(
    ("spec", "words"),
    [("", "no prompt set is named"), ("builtin:chess", "stories"), ("/no/such/file.txt", "cannot be read")],
)
def test_what_names_no_set_is_refused_with_the_way_out(spec: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        prompt_sets.read(spec)
    assert words in str(error.value)


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(InputError, match="must not be negative"):
        prompt_sets.read("builtin", n=-1)


def test_english_prompts_are_eight_of_each_task() -> None:
    whole = prompt_sets.read("english").prompts
    assert tuple(dict.fromkeys(prompt.category for prompt in whole)) == prompt_sets.ENGLISH_TASKS
    assert len(whole) == len({prompt.id for prompt in whole}) == len({prompt.turns for prompt in whole}) == 48
    for task in prompt_sets.ENGLISH_TASKS:
        chosen = prompt_sets.read(f"english:{task}")
        assert len(chosen.prompts) == 8
        assert chosen.name == f"english:{task}"


def test_english_task_that_is_not_there_is_refused() -> None:
    for refuse in (prompt_sets.read, prompt_sets.refuse_unreadable):
        with pytest.raises(InputError, match="no task 'poetry'"):
            refuse("english:poetry")


def test_what_is_there_is_not_refused(file: str) -> None:
    for spec in ("builtin", "builtin:stories", "english", "english:code", file):
        assert prompt_sets.refuse_unreadable(spec) is None
