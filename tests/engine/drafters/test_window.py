"""A model that is cut to a window: exact, its memory does not grow, and on short texts it is the whole model."""

from pathlib import Path

import pytest
import torch

from engine import drafters
from engine.commands import Estimate, Load, Run
from engine.decoding.drafting import DraftContext
from engine.decoding.sampling import Warp
from engine.drafters.window import WindowDrafter, WindowSize, size_of, with_size
from engine.errors import InputError
from engine.events import Estimated
from engine.session.session import Session
from engine.settings import Request
from tests import fakes
from tests.engine.session.running import emitted, fates, run

CONTEXT = 512
PROMPT = "The harbour of the old town lay quiet. " * 9  # some 200 ids


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("window")
    target = fakes.model(sharpness=2.0, max_position_embeddings=CONTEXT)
    fakes.save(target, made / "t")
    fakes.save(fakes.noisy_copy(target), made / "d")
    return made


def loaded(folder: Path, drafter: str, runtime: str = "fused") -> Session:
    session = Session()
    list(session.do(Load(str(folder / "t"), drafter, runtime=runtime)))
    return session


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_greedy_text_is_that_of_plain_decoding_while_the_window_moves(folder: Path, runtime: str) -> None:
    plain_run = Run("plain", {"max_new_tokens": 120, "stop_at_end": False}, Request(PROMPT))
    plain = emitted(list(loaded(folder, "none", runtime).do(plain_run)))
    events = run(loaded(folder, f"window:8+2:{folder / 'd'}", runtime), PROMPT, max_new_tokens=120)
    assert emitted(events) == plain
    assert {"accepted", "rejected"} <= set(fates(events))


def test_text_shorter_than_the_window_is_drafted_as_by_the_whole_model(folder: Path) -> None:
    whole = run(loaded(folder, str(folder / "d")), "The harbour", max_new_tokens=40, temperature=1.0, seed=2)
    cut = run(loaded(folder, f"window:200:{folder / 'd'}"), "The harbour", max_new_tokens=40, temperature=1.0, seed=2)
    assert emitted(cut) == emitted(whole)
    assert fates(cut) == fates(whole)


def test_it_reads_the_sinks_and_at_least_the_window(folder: Path) -> None:
    session = loaded(folder, f"window:8+2:{folder / 'd'}")
    drafter, size = session.drafter, WindowSize(8, 2)
    assert isinstance(drafter, WindowDrafter)
    reads: list[list[int]] = []
    propose = drafter._inner.propose

    def noted(context: DraftContext):  # type: ignore[no-untyped-def]
        reads.append(list(context.ids))
        return propose(context)

    drafter._inner.propose = noted  # type: ignore[method-assign]
    ids = list(range(5, 105))
    with torch.inference_mode():
        drafter.prompt_ended(ids)
        for n in range(100, 300, 3):
            text = [i % 290 for i in range(5, 5 + n)]
            drafter.propose(DraftContext(text, 4, Warp(), torch.zeros(4, dtype=torch.float64)))
            drafter.commit([*text, 7])
            read = reads[-1]
            assert read[:2] == text[:2]
            assert read[2:] == text[len(text) - (len(read) - 2) :]
            assert size.window <= len(read) - size.sinks <= size.n_most - 4
    assert len({len(read) for read in reads}) > 2, "it grows between two readings"


@pytest.mark.parametrize("runtime", ["fused", "modules"])
def test_memory_is_the_same_at_any_length_and_is_what_was_predicted(folder: Path, runtime: str) -> None:
    spec = f"window:8+2:{folder / 'd'}"
    session = loaded(folder, spec, runtime)
    drafter, target = session.drafter, session.target
    assert session.models is not None and target is not None and isinstance(drafter, WindowDrafter)
    predicted = drafters.find(spec).kv_bytes
    assert predicted is not None
    sizes = set()
    with torch.inference_mode():
        for n in (120, 250, 500):
            drafter.expect(n)
            drafter.reset()
            drafter.prompt_ended([i % 290 for i in range(n - 80)])
            for length in range(n - 80, n - 4, 4):
                ids = [i % 290 for i in range(length)]
                drafter.propose(DraftContext(ids, 4, Warp(), torch.zeros(4, dtype=torch.float64)))
                drafter.commit(ids)
            sizes.add(drafter.cache_bytes())
            assert drafter.cache_bytes() == predicted(spec, target, session.models.drafter, n)
    assert len(sizes) == 1


def test_a_load_is_estimated_for_the_window_alone(folder: Path) -> None:
    def drafter_bytes(spec: str) -> int:
        (answer,) = Session().do(Estimate(Load(str(folder / "t"), spec)))
        assert isinstance(answer, Estimated) and not answer.why_not
        return answer.drafter_bytes

    assert drafter_bytes(f"window:8+2:{folder / 'd'}") < drafter_bytes(str(folder / "d"))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("window:0:{}", "window must be 1 or more"),
        ("window:-3:{}", "must be a whole number"),
        ("window:8+-2:{}", "sinks must be a whole number"),
        ("window:2.5:{}", "must be a whole number"),
        ("window:400:{}", "take 660 tokens"),
        ("window:999999999999:{}", "must be a whole number"),
        ("window:8", "names no model"),
        ("window:", "names no model"),
        ("window:8:lookup", "lookup is no model"),
        ("window:8:none", "none is no model"),
        ("window:8:window:8:{}", "is no model"),
    ],
)
def test_windows_that_cannot_be_are_refused_with_the_numbers(folder: Path, spec: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        loaded(folder, spec.format(folder / "d"))


def test_sizes_are_read_from_the_spec_and_written_into_one_without() -> None:
    assert size_of("window:64+0:m") == (64, 0)
    assert size_of("window:64:m") == (64, 4)
    assert size_of("window:m") == (512, 4)
    assert with_size("window:m", WindowSize(32, 1)) == "window:32+1:m"
    assert with_size("window:64:m", WindowSize(32, 1)) == "window:64:m"
    assert with_size("builtin", WindowSize(32, 1)) == "builtin"


def test_it_is_offered_beside_models_and_not_among_what_needs_none() -> None:
    assert [offer.spec for offer in drafters.offered_over_model()] == ["window"]
    assert not drafters.needs_no_model("window:8:builtin")
    assert drafters.model_spec("window:8:builtin:small") == "builtin:small"
    assert drafters.model_spec("builtin:small") == "builtin:small"
    assert drafters.find("window:8:builtin").name == "window"
    assert drafters.find("builtin").name == "small_model"
