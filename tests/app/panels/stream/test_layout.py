from app.panels.stream.layout import StreamLayout


def _layout(width=100):
    layout = StreamLayout(lambda text, bold: 10.0 * len(text))
    layout.restart(width)
    return layout


def _texts(layout):
    return [[segment.text for segment in layout.line(n)] for n in range(layout.n_lines)]


def test_a_long_token_is_split_over_lines_and_lines_end_where_told():
    layout = _layout()
    layout.add(0, "x" * 25, bold=False, breaks=False)
    layout.add(1, "end", bold=False, breaks=True)
    layout.add(2, "new", bold=False, breaks=False)
    assert _texts(layout) == [["x" * 10], ["x" * 10], ["x" * 5, "end"], ["new"]]
    assert layout.hit(60, 2) == 1
    assert layout.hit(400, 2) is None


def test_a_gap_is_before_its_token_and_never_at_the_start_of_a_line():
    layout = _layout(60)
    for token, gap in enumerate((2.0, 0.0, 1.0, 2.0)):
        layout.add(token, "ab", bold=False, breaks=False, gap=gap)
    assert [segment.x for segment in layout.line(0)] == [0.0, 20.0]
    assert [segment.x for segment in layout.line(1)] == [0.0, 22.0]


def test_what_is_drawn_as_one_is_never_torn_apart():
    layout = _layout(30)
    layout.add(0, "aae\u0301\u0302bb👩\u200d🚒c", bold=False, breaks=False)
    assert _texts(layout) == [["aa"], ["e\u0301\u0302"], ["bb"], ["👩\u200d🚒"], ["c"]]


def test_hidden_tokens_are_on_no_line_and_the_ones_beside_them_are_found():
    layout = _layout()
    for token in (0, 3, 4, 9):
        layout.add(token, "abcd", bold=False, breaks=False)
    assert [layout.line_of(token) for token in (0, 1, 3, 4, 9, 10)] == [0, None, 0, 1, 1, None]
    assert (layout.following(0, 1), layout.following(4, -1), layout.following(2, 1)) == (3, 3, 3)
    assert (layout.following(9, 1), layout.following(0, -1)) == (None, None)
    assert layout.line_from(1) == 0


def test_the_nearest_token_is_found_beside_and_beyond_the_text():
    layout = _layout()
    assert layout.nearest(5, 0) is None
    for token in range(3):
        layout.add(token, "abcd", bold=False, breaks=False)
    assert [layout.nearest(x, line) for x, line in ((-5, 0), (900, 0), (900, 1), (0, 99), (0, -4))] == [0, 1, 2, 2, 0]


def test_a_word_of_several_tokens_goes_to_the_next_line_whole():
    layout = _layout(80)
    for token, text in enumerate(("the", " Har", "lan", "d", ",", " x")):
        layout.add(token, text, bold=False, breaks=False, gap=0.0)
    assert _texts(layout) == [["the"], [" Har", "lan", "d"], [",", " x"]], "a word wider than a line breaks at a token"
    layout = _layout(125)
    for token, text in enumerate(("the", " one", " Har", "lan", "d", ",", " x")):
        layout.add(token, text, bold=False, breaks=False, gap=1.0)
    assert _texts(layout) == [["the", " one"], [" Har", "lan", "d", ",", " x"]]
    assert [segment.x for segment in layout.line(1)] == [0.0, 41.0, 72.0, 83.0, 94.0]
    assert (layout.line_of(2), layout.line_of(1), layout.hit(45, 1)) == (1, 0, 3)


def test_a_text_without_any_space_still_fills_its_lines():
    layout = _layout()
    for token in range(50):
        layout.add(token, "abc", bold=False, breaks=False)
    assert layout.n_lines == 17 and all(len(layout.line(line)) == 3 for line in range(16))


def test_a_token_that_adds_no_text_is_on_its_line_all_the_same():
    layout = _layout()
    layout.add(0, "ab", bold=False, breaks=False)
    layout.add(1, "", bold=False, breaks=False)
    layout.add(2, "c", bold=False, breaks=False)
    assert layout.line_of(1) == 0 and layout.text == "abc" and layout.following(0, 1) == 1
