from app.words import model_names, runs
from app.words.explanations import explain
from app.workspaces.decode.event_words import describe
from engine.errors import ModelError
from engine.runs.summary import Summary
from tests.app.factory import MODEL, started


def test_built_in_models_are_told_apart_by_part_and_size():
    assert model_names.full_name("builtin", "target") == "built-in target (7.9 M)"
    assert model_names.full_name("builtin", "drafter") == "built-in drafter (0.42 M)"
    assert model_names.full_name("builtin:small", "drafter").startswith("built-in small drafter (0.")
    assert model_names.full_name("builtin:misaligned", "drafter").startswith("built-in misaligned drafter (0.")
    assert model_names.full_name("builtin:rag", "drafter").startswith("built-in RAG drafter (2.")
    assert model_names.full_name("builtin:longspec", "drafter") == "built-in LongSpec drafter (0.87 M)"


def test_what_a_run_was_made_with_names_both_models_in_full():
    assert runs.pair(started()) == "built-in target (7.9 M) + built-in drafter (0.42 M)"
    assert runs.pair(started(drafter="/m/<b>\u202ex")) == "built-in target (7.9 M) + <b>⟨U+202E⟩x"


def test_the_explanation_and_the_log_tell_the_two_built_in_models_apart():
    told = [entry.words for section in explain(Summary(), started(), None) for entry in section.entries]
    for text in (told[0], describe(started()), describe(MODEL)):
        assert "built-in target (7.9 M)" in text
        assert "built-in drafter (0.42 M)" in text


def test_other_models_keep_their_names_made_visible():
    assert model_names.full_name("/m/<b>\u202ex", "target") == "/m/<b>⟨U+202E⟩x"
    assert model_names.full_name("builtin:gone", "drafter") == "builtin:gone"


def test_a_model_that_cannot_be_read_has_no_size(monkeypatch):
    def refuse(spec: str, *, drafter: bool) -> None:
        raise ModelError("missing", "install again")

    monkeypatch.setattr(model_names.checkpoint_folder, "inspect", refuse)
    model_names.n_parameters.cache_clear()
    assert model_names.full_name("builtin", "target") == "built-in target"
    model_names.n_parameters.cache_clear()
