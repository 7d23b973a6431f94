import pytest

from engine.rag.foreign import foreign_documents


@pytest.mark.parametrize("index", ["builtin", "builtin:pages"])
def test_the_built_in_models_know_what_is_shipped(index: str) -> None:
    assert foreign_documents(index, "builtin", "builtin:rag") is None


@pytest.mark.parametrize(
    ("target", "drafter", "said"),
    [
        ("builtin", "builtin:rag", "both models are built in and know only"),
        ("builtin", "/m/small", "the target is built in and knows only"),
        ("/m/large", "builtin:rag", "the drafter is built in and knows only"),
    ],
)
def test_over_other_documents_they_are_said_to_talk_nonsense(target: str, drafter: str, said: str) -> None:
    warning = foreign_documents("/my/index", target, drafter)
    assert warning is not None and warning.message.startswith(said) and "choose" in warning.hint


def test_models_of_ones_own_may_be_asked_about_anything() -> None:
    assert foreign_documents("/my/index", "/m/large", "/m/small") is None
