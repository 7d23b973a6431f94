"""What a prompt shows: k documents, worst first, and m demonstrations, or fewer in words."""

import pytest

from engine.errors import InputError
from engine.events import DemonstrationsChosen, Retrieved
from engine.methods.drag.config import DragConfig
from engine.methods.drag.gathering import demonstrations_for, documents_for, system_of
from tests.library import QUESTION, FakeLibrary
from tests.scaling import BRIDGE, MEMBERS, context, told


def test_documents_are_worst_first_and_a_second_retrieval_is_reused() -> None:
    scaling = context()
    events, gathered = told(documents_for(QUESTION, DragConfig(k=2), scaling))
    retrieved = events[0]
    assert isinstance(retrieved, Retrieved) and not retrieved.reused
    assert gathered.passages == tuple(reversed(retrieved.passages)) and gathered.passages[-1].n_tokens > 0
    again = told(documents_for(QUESTION, DragConfig(k=2), scaling))[0][0]
    assert isinstance(again, Retrieved) and again.reused


def test_nothing_retrieved_is_a_note_and_no_error() -> None:
    _, gathered = told(documents_for(QUESTION, DragConfig(k=2), context(FakeLibrary(()))))
    assert gathered.passages == () and gathered.note == f"nothing was retrieved for {QUESTION!r}"


def test_fewer_demonstrations_than_asked_for_are_shown_and_said() -> None:
    events, shown = told(demonstrations_for(BRIDGE, DragConfig(m=5), context(), steps=False))
    chosen = events[0]
    assert isinstance(chosen, DemonstrationsChosen)
    assert len(shown) == len(chosen.shown) == len(MEMBERS) and "m = 5, but the pool has only 3" in chosen.note
    assert told(demonstrations_for(BRIDGE, DragConfig(m=0), context(), steps=False)) == ([], ())


def test_demonstrations_without_anything_to_make_them_from_are_refused() -> None:
    scaling = context()
    assert scaling.rt.documents is not None
    scaling.rt.documents = scaling.rt.documents._replace(pool=None)
    with pytest.raises(InputError, match="there is nothing to make demonstrations from; ask with m = 0"):
        told(demonstrations_for(BRIDGE, DragConfig(m=1), scaling, steps=True))


def test_drag_is_named_by_what_it_has() -> None:
    names = [system_of(DragConfig(k=k, m=m)) for k, m in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert names == ["zero_shot", "many_shot", "drag", "drag"]
