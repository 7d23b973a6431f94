"""Settings of speculative decoding: which accept rules fit which draft."""

import pytest

from engine.decoding.tree_verifying import TreeVerifier, tree_verifier
from engine.decoding.verifying import BLOCK, EXACT, chain_verifier
from engine.errors import InputError
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import AcceptRule, GenerationConfig, make_config


@pytest.mark.parametrize(("rule", "instead"), [("recursive", "token"), ("traversal", "block")])
def test_a_rule_for_trees_is_refused_for_a_chain_with_the_one_that_is_the_same_there(rule: str, instead: str) -> None:
    with pytest.raises(InputError, match=f"{rule} is a rule for trees") as refused:
        make_config(SpeculativeConfig, {"accept": rule})
    assert f"use {instead}" in refused.value.hint
    assert make_config(SpeculativeConfig, {"accept": rule, "tree": "2,2"}).accept_rule == rule


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(InputError, match="accept = lenient"):
        make_config(SpeculativeConfig, {"accept": "lenient"})


@pytest.mark.parametrize(
    ("rule", "chain", "of_tree"),
    [("token", EXACT, "recursive"), ("block", BLOCK, "traversal"), ("recursive", EXACT, "recursive"),
     ("traversal", BLOCK, "traversal")],
)  # fmt: skip
def test_every_rule_has_a_verifier_for_chains_and_one_for_trees(
    rule: AcceptRule, chain: object, of_tree: AcceptRule
) -> None:
    assert chain_verifier(rule) == chain
    assert tree_verifier(rule) == TreeVerifier(of_tree)  # type: ignore[arg-type]


def test_other_generations_accept_token_by_token() -> None:
    assert GenerationConfig().accept_rule == SpeculativeConfig().accept_rule == "token"
