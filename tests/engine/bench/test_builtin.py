"""Examining the built-in models: the same for the same seed, on names no training has seen."""

import json
from pathlib import Path

import msgspec
import pytest

from engine.bench import builtin, retrieval
from engine.bench.builtin import BuiltinEval, BuiltinModels, Examiner, evaluate, load_builtin
from engine.cli import main
from engine.documents import encoder_folder
from engine.errors import EngineError, ModelError
from engine.world.open_names import split_of
from engine.world.pages import Form
from tests import fakes

FIELDS = {
    "single_hop_gold", "single_hop_4", "single_hop_10", "claims", "claims_majority", "reflection_auc", "two_hop",
    "alpha_greedy", "alpha_t1", "alpha_misaligned", "perplexity", "drafter_perplexity", "shared_entities",
    "repeated_4grams",
    "retrieval_recall_10", "retrieved_10", "retrieval_form", "single_hop_near_10", "unknown_10", "reflection_hard_auc",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A target, a related drafter and an unrelated one, with room for ten documents."""
    made: Path = tmp_path_factory.mktemp("models")
    target = fakes.model(max_position_embeddings=2048)
    fakes.save(target, made / "target")
    fakes.save(fakes.noisy_copy(target), made / "general")
    fakes.save(fakes.model(seed=9, max_position_embeddings=2048), made / "misaligned")
    return made


@pytest.fixture(autouse=True)
def _small_exam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "_N_PROMPTS", 2)
    monkeypatch.setattr(builtin, "_N_NEW", 12)
    monkeypatch.setattr(builtin, "_MOST_WRITTEN", 6)
    monkeypatch.setattr(builtin, "_N_TRAINING_WORLDS", 20)
    monkeypatch.setattr(retrieval, "_SHARE", 0.01)


def examined(models: BuiltinModels, *, seed: int = 1, n: int = 2) -> BuiltinEval:
    *_, last = evaluate(models, seed=seed, n=n)
    assert isinstance(last, BuiltinEval)
    return last


def test_same_seed_gives_the_same_figures(folder: Path) -> None:
    models = load_builtin(folder)
    first, again = (msgspec.structs.replace(examined(models), seconds=0.0) for _ in range(2))
    assert first == again
    assert first.shared_entities == 0
    assert first.alpha_greedy > (first.alpha_misaligned or 0.0)


def test_another_seed_asks_about_others_and_never_about_names_of_training(folder: Path) -> None:
    models = load_builtin(folder)
    seen = []
    for seed in (1, 2):
        examiner = Examiner(models, seed=seed, n=5)
        asked = [question.text for _, question in examiner.asked("single")]
        assert asked == [question.text for _, question in examiner.asked("single")]
        assert {split_of(name) for name in examiner.names} == {"test"}
        seen.append(asked)
    assert seen[0] != seen[1]


def test_retrieved_documents_are_read_in_the_form_that_is_asked_for(folder: Path) -> None:
    models = load_builtin(folder)
    found: dict[Form, BuiltinEval] = {}
    forms: tuple[Form, ...] = ("notes", "pages")
    for form in forms:
        *_, last = evaluate(models, seed=2, n=2, form=form)
        assert isinstance(last, BuiltinEval)
        found[form] = last
    assert [one.retrieval_form for one in found.values()] == ["notes", "pages"]
    assert found["notes"].retrieval_documents > found["pages"].retrieval_documents


def test_near_neighbours_with_the_answer_and_without_are_asked_about_the_same(folder: Path) -> None:
    """A model that answers as a fake does is right about neither; what counts is that both are asked."""
    examiner = Examiner(load_builtin(folder), seed=1, n=3)
    assert examiner.near(4) == examiner.near(4, lacks=True) == [False, False, False]
    assert 0.0 <= examiner.reflection_auc(hard=True) <= 1.0


def test_models_without_a_misaligned_drafter_have_no_figure_for_it(folder: Path) -> None:
    models = load_builtin(folder)._replace(misaligned=None)
    assert examined(models).alpha_misaligned is None


def test_missing_embedder_is_said_before_anything_is_measured(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder_folder, "_PACKAGE", "no-such-package")
    with pytest.raises(ModelError, match="not installed"):
        next(evaluate(load_builtin(folder), seed=1, n=2))


def test_command_prints_every_promised_field(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["builtin", "eval", "--models", str(folder), "--questions", "10", "--seed", "3", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert summary["event"] == "summary"
    assert summary.keys() >= FIELDS


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--questions", "0"], "questions = 0"),
        (["--seed", "-1"], "seed = -1"),
        (["--form", "x"], "form = x"),
        (["--models", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_line(options: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["builtin", "eval", *options]) == 2
    error = capsys.readouterr().err
    assert complaint in error and error.count("\n") == 1


def test_folder_without_the_general_drafter_is_refused(tmp_path: Path) -> None:
    fakes.save(fakes.model(), tmp_path / "target")
    with pytest.raises(EngineError, match="general"):
        load_builtin(tmp_path)


def test_a_target_that_loops_is_told_by_its_repeated_4grams(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = load_builtin(folder)
    monkeypatch.setattr(builtin, "_N_NEW", 16)
    whole = builtin.whole

    def looping(events: object) -> object:
        rounds, generation = whole(events)  # type: ignore[arg-type]
        return rounds, generation._replace(ids=(3, 4) * 8)

    before = builtin.drafted_prose(models.target, models.drafter, temperature=1.0)
    monkeypatch.setattr(builtin, "whole", looping)
    after = builtin.drafted_prose(models.target, models.drafter, temperature=1.0)
    assert after.alpha == before.alpha
    assert after.repeated_4grams == pytest.approx(11 / 13)
    assert before.repeated_4grams < 0.5
