"""How a checkpoint's weights are quantised, and which package is missing."""

import pytest

from engine.errors import ModelError
from engine.models import quantised_checkpoint
from engine.models.quantised_checkpoint import quantisation_method, refuse_unread


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No package that reads quantised weights is installed."""
    monkeypatch.setattr(quantised_checkpoint, "find_spec", lambda name: None)


def test_the_method_is_found_where_transformers_looks_for_it() -> None:
    assert quantisation_method({}) == ""
    assert quantisation_method({"quantization_config": {"quant_method": "awq"}}) == "awq"
    assert quantisation_method({"text_config": {"quantization_config": {"quant_method": "GPTQ"}}}) == "gptq"
    assert quantisation_method({"quantization_config": {"load_in_8bit": True}}) == "bitsandbytes"
    assert quantisation_method({"quantization_config": "x"}) == ""


@pytest.mark.parametrize(
    ("method", "package"),
    [("awq", "gptqmodel"), ("bitsandbytes", "bitsandbytes"), ("compressed-tensors", "compressed-tensors"),
     ("quanto", "optimum-quanto"), ("hqq", "hqq")],
)  # fmt: skip
def test_a_missing_package_is_named_with_the_method(method: str, package: str, bare: None) -> None:
    with pytest.raises(ModelError) as refusal:
        refuse_unread("m", {"quantization_config": {"quant_method": method}})
    assert refusal.value.message.startswith(f"m holds weights quantised with {method}, and the package {package} ")
    assert f"pip install {package}" in refusal.value.hint


def test_a_package_whose_parent_is_missing_is_missing() -> None:
    with pytest.raises(ModelError, match="optimum-quanto"):
        refuse_unread("m", {"quantization_config": {"quant_method": "quanto"}})


def test_what_is_installed_or_needs_nothing_is_left_to_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised_checkpoint, "find_spec", lambda name: object())
    refuse_unread("m", {"quantization_config": {"quant_method": "awq"}})
    refuse_unread("m", {"quantization_config": {"quant_method": "fp8"}})
    refuse_unread("m", {})
    with pytest.raises(ModelError, match="torchao"):
        refuse_unread("m", {"quantization_config": {"quant_method": "torchao"}})
