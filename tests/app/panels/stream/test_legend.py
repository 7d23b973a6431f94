import itertools

import pytest
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app import theme
from app.panels.stream.legend import Legend


@pytest.mark.parametrize("width", [150, 300, 500, 1500])
def test_every_fate_is_in_view_whatever_the_width(qtbot, width):
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    column.setContentsMargins(0, 0, 0, 0)
    column.addStretch(1)
    foot = QHBoxLayout()
    legend = Legend(window)
    foot.addWidget(legend, 1)
    column.addLayout(foot)
    window.resize(width, 400)
    window.show()
    assert len(legend.entries) == 6
    assert all(legend.rect().contains(entry.geometry()) for entry in legend.entries)
    places = [entry.geometry() for entry in legend.entries]
    assert not any(one.intersects(other) for one, other in itertools.pairwise(places))


def test_a_wide_legend_is_one_line_and_a_narrow_one_more(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    legend = Legend(window)
    line = legend.sizeHint().height()
    assert legend.heightForWidth(legend.sizeHint().width()) == line
    assert legend.heightForWidth(legend.sizeHint().width() - 1) == 2 * line


def test_control_tokens_are_explained_only_where_there_are_any(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    legend = Legend(window)
    legend.resize(1500, 40)
    window.show()
    assert legend.control.isHidden()
    legend.show_control(True)
    assert legend.entries[-1] is legend.control and not legend.control.isHidden()
    assert legend.rect().contains(legend.control.geometry())
    assert not legend.control.geometry().intersects(legend.fates[-1].geometry())
    legend.show_control(False)
    assert len(legend.entries) == 6


def test_unverified_tokens_are_explained_only_in_runs_with_a_gate(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    legend = Legend(window)
    legend.resize(1500, 40)
    window.show()
    assert "unverified" not in {entry.fate for entry in legend.entries}
    legend.show_unverified(True)
    assert [entry.fate for entry in legend.entries][:2] == ["accepted", "unverified"]
    legend.show_as_text(True)
    legend.show_unverified(False)
    legend.show_as_text(False)
    assert len(legend.entries) == 6


def test_the_legend_grows_with_the_windows_text(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    legend = Legend(window)
    column.addWidget(legend)
    window.resize(900, 400)
    window.show()
    widths = [entry.width() for entry in legend.entries]
    for entry in legend.entries:
        entry.setFont(theme.scaled(entry.font(), 1.5))
    qtbot.waitUntil(lambda: all(e.width() > width for e, width in zip(legend.entries, widths, strict=True)))
    qtbot.waitUntil(lambda: legend.entries[-1].x() > sum(entry.width() for entry in legend.entries[:-1]))
    ends = [(entry.geometry().right(), following.x()) for entry, following in itertools.pairwise(legend.entries)]
    assert all(right < x for right, x in ends)
