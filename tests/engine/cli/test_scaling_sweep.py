"""`scaling sweep`: what is refused before anything is loaded, and how numbers are read."""

import pytest

from engine.cli import main
from engine.cli.scaling_sweep import read_numbers
from engine.errors import InputError


def test_lists_of_numbers_may_begin_with_none_at_all() -> None:
    assert read_numbers("k", "0, 5,1,5") == (0, 5, 1)
    for text in ("", "1,,2", "-1", "1.5", "x", "12345"):
        with pytest.raises(InputError, match="is no list of whole numbers"):
            read_numbers("k", text)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--k", "x"], "k = x: is no list"),
        (["--n", "0"], "n = 0: must be 1 to 20"),
        (["--questions", "0"], "questions = 0"),
        (["--minutes", "0"], "minutes = 0: must be > 0"),
        (["--minutes", "nan"], "minutes = nan"),
        (["--quality", "mood"], "quality = mood: is not known"),
        (["--kinds", "riddle"], "riddle"),
        (["--temperature", "-1"], "temperature = -1"),
        (["--target", "/nowhere"], "/nowhere"),
        (["--questions", "9999999"], "questions = 9999999"),
        (["--dataset", "/no/such"], "/no/such cannot be read"),
        (["--pool", "/no/such"], "/no/such cannot be read"),
    ],
)
def test_bad_input_is_one_line(capsys: pytest.CaptureFixture[str], argv: list[str], said: str) -> None:
    assert main(["scaling", "sweep", *argv]) == 2
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == 1
