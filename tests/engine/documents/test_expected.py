"""How many passages documents will have: unknown until enough was read, and then right."""

from engine.documents.expected import ExpectedPassages


def test_an_unknown_number_is_unknown() -> None:
    expected = ExpectedPassages(1000)
    assert expected.total() == 0
    expected.cut(163)  # of one file that holds several documents
    assert expected.total() == 0


def test_a_file_of_one_text_tells_by_how_far_it_was_cut() -> None:
    expected = ExpectedPassages(1000)
    expected.cut(1, 20)
    assert expected.total() == 0
    expected.cut(4, 250)
    assert expected.total() == 20


def test_files_read_to_their_end_tell_and_unchanged_ones_do_not_count() -> None:
    expected = ExpectedPassages(1500)
    expected.skip(500)
    expected.cut(10)
    expected.end_file(200)
    assert expected.total() == 50
    expected.cut(90)
    assert expected.total() == 500


def test_the_number_is_exact_once_everything_was_read() -> None:
    expected = ExpectedPassages(0)
    expected.cut(5324)
    assert expected.total() == 0
    expected.whole = True
    assert expected.total() == 5324
    assert not ExpectedPassages(10).total()
