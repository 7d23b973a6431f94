import pytest

from app.words.refused_model import role_at_fault
from engine.commands import Load


@pytest.mark.parametrize(
    ("why_not", "pair", "role"),
    [
        ("there is no folder /m/big", Load("/m/big", "lookup"), "target"),
        ("there is no folder /m/big", Load("builtin", "/m/big"), "drafter"),
        ("/m/d does not share the tokenizer of builtin: token 0", Load("builtin", "/m/d"), "drafter"),
        ("/m/big/config.json asks for code", Load("/m/big", "/m/bi"), "target"),
        ("the weights need 9 GB, nonesuch is free", Load("org/x", "none"), "target"),
        ("a[b cannot be read", Load("builtin", "a[b"), "drafter"),
    ],
)
def test_a_reason_is_laid_at_the_model_it_names(why_not, pair, role):
    assert role_at_fault(why_not, pair) == role
