"""Box to choose the attention kernel; those that cannot be used here are grey and say why."""

from collections.abc import Sequence
from typing import get_args

from PySide6.QtWidgets import QWidget

from app.text.plain_text import one_line
from app.widgets.choice_box import ChoiceBox
from app.workspaces.longcontext.words import tr
from engine.events import AttentionChecked, AttentionName

KERNELS: tuple[AttentionName, ...] = get_args(AttentionName)


class KernelBox(ChoiceBox):
    """Which can be used is known once the target has read a document; what they differ by, once one was measured."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("attention", KERNELS, parent)
        self._shown: tuple[AttentionChecked, ...] = ()
        self.setAccessibleName(self.tr("Attention kernel"))
        tip = self.tr(
            "What computes attention while the text is read. Each kernel is checked against the same attention in "
            "float64 when a measurement begins; one that cannot be used here, or is not equal, is grey."
        )
        self.setToolTip(tip)
        self.setAccessibleDescription(tip)

    def show_kernels(self, kernels: Sequence[AttentionChecked]) -> None:
        """Say which kernels can be used here, and what the others lack."""
        if tuple(kernels) == self._shown:
            return
        self._shown = tuple(kernels)
        for kernel in kernels:
            self.describe(kernel.name, kernel_words(kernel), allowed=not why_not(kernel))


def why_not(kernel: AttentionChecked) -> str:
    """Why a kernel cannot be used here; empty where it can."""
    if kernel.why_not:
        return one_line(kernel.why_not)
    is_checked = kernel.largest_error is not None
    return (
        tr("its values are not equal: they differ by {0:.1e}").format(kernel.largest_error)
        if (is_checked and not kernel.is_equal)
        else ""
    )


def kernel_words(kernel: AttentionChecked) -> str:
    """What was found out about a kernel."""
    if reason := why_not(kernel):
        return tr("{0}: why not: {1}").format(one_line(kernel.title), reason)
    if kernel.largest_error is None:
        return one_line(kernel.title)
    equal = tr("{0}: equal, they differ by {1:.1e}").format(one_line(kernel.title), kernel.largest_error)
    return equal if kernel.ms is None else tr("{0}; {1:.1f} ms a chunk").format(equal, kernel.ms)
