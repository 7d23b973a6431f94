from app.words import runs
from app.words.titles import window_title
from tests.app.factory import started


def test_the_title_names_the_run_before_the_tab_and_the_program():
    assert window_title("Decode", None) == "Decode – Draftscope"
    assert window_title("Decode", started()) == f"“Once upon”, {runs.pair(started())} – Decode – Draftscope"


def test_a_hostile_prompt_does_not_change_the_title_beyond_its_own_part():
    title = window_title("Decode", started(pieces=("a\n\u202eb" + "x" * 500,)))
    assert "\n" not in title and "\u202e" not in title and len(title) < 200
