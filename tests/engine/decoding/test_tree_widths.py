"""Trees are read as they are written on the command line, and nonsense is refused with the way out."""

import pytest

from engine.decoding.tree_widths import read_widths
from engine.errors import InputError
from engine.methods.speculative.config import SpeculativeConfig
from engine.settings import make_config


@pytest.mark.parametrize(
    ("text", "widths"),
    [
        ("", ()),
        ("4", (4,)),
        ("4,8,8", (4, 8, 8)),
        (" 4, 16 ,16,16,16", (4, 16, 16, 16, 16)),
        ("1,1,1", (1, 1, 1)),
        ("8,4,0004", (8, 4, 4)),
        (",".join(["4"] * 64), (4,) * 64),
        ("256", (256,)),
    ],
)
def test_a_list_of_numbers_is_read(text: str, widths: tuple[int, ...]) -> None:
    assert read_widths(text) == widths


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("wide", "not a list of whole numbers"),
        ("4,,8", "not a list of whole numbers"),
        ("4,8,", "not a list of whole numbers"),
        ("-4,8", "not a list of whole numbers"),
        ("4.5", "not a list of whole numbers"),
        ("４,８", "not a list of whole numbers"),  # digits of another script
        ("4 8", "not a list of whole numbers"),
        (" ", "not a list of whole numbers"),
        ("4,0,8", "a depth without a node ends the tree before it"),
        ("0", "a depth without a node ends the tree before it"),
        ("257", "more than 256 nodes"),
        ("200,57", "more than 256 nodes"),
        ("9" * 10_000, "more than 256 nodes"),
        (",".join(["1"] * 65), "65 depths, more than the 64 tokens that are drafted in a row"),
    ],
)
def test_nonsense_is_refused_in_one_short_line(text: str, reason: str) -> None:
    with pytest.raises(InputError) as refused:
        read_widths(text)
    assert refused.value.message.endswith(reason)
    assert len(str(refused.value)) < 200
    assert "\n" not in str(refused.value)


def test_a_config_refuses_what_is_no_tree_however_it_is_made() -> None:
    for make in (lambda: SpeculativeConfig(tree="4,x"), lambda: make_config(SpeculativeConfig, {"tree": "4,x"})):
        with pytest.raises(InputError, match="not a list"):
            make()


def test_a_tree_says_how_long_its_paths_are() -> None:
    assert SpeculativeConfig(gamma=4).depth == 4
    assert make_config(SpeculativeConfig, {"gamma": 4, "tree": "4,8,8"}).depth == 3
