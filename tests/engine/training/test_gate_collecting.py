"""Collecting rows with a fake pair: true positions, the paper's text, resuming, stopping."""

from pathlib import Path
from threading import Event as Flag

import pytest
import torch

from engine.commands import Load
from engine.decoding.sampling import Warp
from engine.errors import InputError
from engine.events import Event, GateRowsCollected, Measured, Progressed
from engine.models.loading import Pair
from engine.session.session import Session
from engine.training import gate_rows
from engine.training.gate_collecting import GateCollection, collect
from tests import fakes

GREEDY = Warp()
PROMPTS = ((5, 6, 7), (8, 9, 10, 11, 12, 13, 14), (3,), (20, 21))


@pytest.fixture(scope="module", params=["fused", "modules"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    target = fakes.model(sharpness=3.0)
    drafter = fakes.save(fakes.noisy_copy(target, noise=0.2), folder / "d")
    session = Session()
    list(session.do(Load(fakes.save(target, folder / "t"), drafter, runtime=request.param)))
    assert session.models is not None
    return session.models


def collected(
    pair: Pair, folder: Path, *, warp: Warp = GREEDY, flag: Flag | None = None, prompts: object = PROMPTS
) -> list[Event]:
    assert pair.drafter is not None
    job = GateCollection(prompts, "made up", 12, warp, 1, folder)  # type: ignore[arg-type]
    with torch.inference_mode():
        return list(collect(job, pair.target, pair.drafter, flag or Flag()))


def test_a_row_holds_the_state_at_its_own_position(pair: Pair, tmp_path: Path) -> None:
    """What the released code got wrong: it read the state of a pad for all but the longest text of a batch."""
    collected(pair, tmp_path / "all")
    collected(pair, tmp_path / "alone", prompts=PROMPTS[1:2])
    among, alone = (gate_rows.open_rows(tmp_path / name).read() for name in ("all", "alone"))
    mine = among.documents == 1
    assert torch.allclose(among.states[mine], alone.states, atol=1e-5)
    assert among.tokens[mine].tolist() == alone.tokens.tolist()


def test_rows_are_what_the_models_say_of_the_text(pair: Pair, tmp_path: Path) -> None:
    assert pair.drafter is not None
    collected(pair, tmp_path / "r", prompts=PROMPTS[:1])
    rows = gate_rows.open_rows(tmp_path / "r").read()
    ids = torch.tensor([PROMPTS[0]])
    with torch.inference_mode():
        output = pair.drafter.model(input_ids=ids, output_hidden_states=True)
        q, p = output.logits[0, -1].softmax(-1), pair.target.model(input_ids=ids).logits[0, -1].softmax(-1)
    token = int(q.argmax())
    assert int(rows.tokens[0]) == token
    assert float(rows.q[0]) == pytest.approx(float(q[token]), abs=1e-4)
    assert float(rows.p[0]) == pytest.approx(float(p[token]), abs=1e-4)
    assert float(rows.matched[0]) == float(p.argmax() == token)
    assert float(rows.tv[0]) == pytest.approx(float((p - q).abs().sum() / 2), abs=1e-3)


def test_a_stopped_collection_goes_on_with_the_next_document(pair: Pair, tmp_path: Path) -> None:
    assert pair.drafter is not None
    flag, job = Flag(), GateCollection(PROMPTS, "made up", 12, Warp(), 1, tmp_path / "r")
    events = []
    with torch.inference_mode():
        for event in collect(job, pair.target, pair.drafter, flag):
            events.append(event)
            if isinstance(event, Progressed) and event.done == 2:
                flag.set()
    last = events[-1]
    assert isinstance(last, GateRowsCollected)
    assert (last.n_documents, last.complete) == (2, False)
    first = (tmp_path / "r" / "rows-000000.safetensors").stat().st_mtime_ns
    events = collected(pair, tmp_path / "r")
    again, said = events[-1], [event for event in events if isinstance(event, Progressed)]
    assert isinstance(again, GateRowsCollected)
    assert [event.left_s is None for event in said] == [True, True, False, False]
    counts = [event.value for event in events if isinstance(event, Measured) and event.name == "rows"]
    assert len(counts) == 2 and counts[-1] == again.n_rows
    assert (again.n_documents, again.complete) == (4, True)
    assert (tmp_path / "r" / "rows-000000.safetensors").stat().st_mtime_ns == first
    collected(pair, tmp_path / "whole")
    whole, resumed = (gate_rows.open_rows(tmp_path / name).read() for name in ("whole", "r"))
    assert whole.tokens.tolist() == resumed.tokens.tolist()


def test_sampled_tokens_are_drawn_from_q(pair: Pair, tmp_path: Path) -> None:
    collected(pair, tmp_path / "r", warp=Warp(1.0, top_k=3))
    folder = gate_rows.open_rows(tmp_path / "r")
    rows = folder.read()
    assert not folder.start.greedy
    assert (rows.q > 0).all()
    assert ((rows.soft > 0) & (rows.soft < 1)).any()


def test_prompts_without_room_are_refused(pair: Pair, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no prompt leaves room"):
        collected(pair, tmp_path / "r", prompts=(tuple(range(3, 3 + fakes.CONTEXT)),))
