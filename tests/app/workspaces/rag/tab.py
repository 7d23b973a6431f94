"""What several tests of the RAG tab do with it."""

from app.workspaces.rag.workspace import RagWorkspace


def settle(workspace: RagWorkspace) -> None:
    """Bring every panel up to the store, visible or not."""
    for panel in (
        workspace.bar, workspace.setup, workspace.setup.documents, workspace.map, workspace.passages, workspace.source,
        workspace.verdict, workspace.lanes, workspace.systems, workspace.prompts, workspace.evaluation,
        workspace.calibration, workspace.evaluating, workspace.error,
    ):  # fmt: skip
        panel.refresh()
        while panel.behind:
            panel.refresh()
    while workspace.lanes.drawing:
        workspace.lanes._draw_some()
