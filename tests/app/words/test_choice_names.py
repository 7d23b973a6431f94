from app.widgets.config_form import fields_of
from app.words.choice_names import choice_name, with_names
from engine.methods.speculative_rag.config import SpeculativeRagConfig


def test_values_have_names_that_depend_on_the_setting() -> None:
    assert choice_name("scores", "all") == "all three"
    assert choice_name("baselines", "all") == "both systems"
    assert choice_name("objective", "forward-kl") == "forward KL divergence"
    assert choice_name("device", "cuda:1") == "cuda:1"
    assert choice_name("of a plug-in", "some_new_way") == "some new way"


def test_help_names_what_the_list_shows() -> None:
    field = next(field for field in fields_of(SpeculativeRagConfig) if field.name == "sampling")
    text = with_names("sampling", field.help, field.kind.values)  # type: ignore[attr-defined]
    assert "one per cluster: a passage of each cluster" in text and "_" not in text
    assert with_names("retrieval", "dense: by vectors", ("dense",)) == "dense: by vectors"
