from app import model_names
from engine.errors import ModelError


def test_built_in_models_are_told_apart_by_part_and_size():
    assert model_names.full_name("builtin", "target") == "built-in target (7.9 M)"
    assert model_names.full_name("builtin", "drafter") == "built-in drafter (0.42 M)"
    assert model_names.full_name("builtin:small", "drafter").startswith("built-in small drafter (0.")


def test_other_models_keep_their_names_made_visible():
    assert model_names.full_name("/m/<b>\u202ex", "target") == "/m/<b>⟨U+202E⟩x"
    assert model_names.full_name("builtin:gone", "drafter") == "builtin:gone"


def test_a_model_that_cannot_be_read_has_no_size(monkeypatch):
    def refuse(spec: str, *, drafter: bool) -> None:
        raise ModelError("missing", "install again")

    monkeypatch.setattr(model_names.folders, "inspect", refuse)
    model_names.n_parameters.cache_clear()
    assert model_names.full_name("builtin", "target") == "built-in target"
    model_names.n_parameters.cache_clear()
