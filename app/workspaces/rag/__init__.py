"""The RAG tab: answers from documents, and evaluations."""

from typing import TYPE_CHECKING

from app.workspaces import WorkspaceSpec

if TYPE_CHECKING:
    from app.workspaces.base import TabContext, Workspace


def _make(context: "TabContext") -> "Workspace":
    # Imported late: describing a tab must not load Qt.
    from app.workspaces.rag.workspace import RagWorkspace

    return RagWorkspace(context)


WORKSPACE = WorkspaceSpec(
    name="rag",
    title="RAG",
    place=30,
    views={"rag": "an answer from documents or an evaluation"},
    make=_make,
)
