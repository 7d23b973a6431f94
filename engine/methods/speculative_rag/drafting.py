"""Drafts of a question's subsets as events: those made before are used again, the others are made in one batch."""

from collections.abc import Generator, Hashable, Sequence

from engine.events import Event, PhaseFinished, TokensEmitted
from engine.events.answers import DraftFinished, Passage
from engine.machine.out_of_memory import memory_errors
from engine.methods.speculative_rag import drafts
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.drafts import Grown
from engine.methods.standard_rag.asking import AnswerContext, prompt_read
from engine.models.loading import LoadedModel
from engine.rag.encoding import Fitted
from engine.rag.values import DraftBatch, RagDraft


def drafted(
    question: str,
    passages: Sequence[Passage],
    subsets: Sequence[Sequence[int]],
    config: SpeculativeRagConfig,
    desk: AnswerContext,
) -> Generator[Event, None, list[RagDraft]]:
    """Yield what is drafted from each subset of the passages, lane by lane; returns the drafts in their order."""
    keys = [_key(question, [passages[place] for place in subset], config, desk) for subset in subsets]
    made = {i: kept for i, key in enumerate(keys) if (kept := desk.memo.drafts.get(key)) is not None}
    reused = frozenset(made)
    for i, one in made.items():
        yield prompt_read(one.prompt, "drafter", "draft", i, one.note, desk.rt)
        yield TokensEmitted(f"draft {i}", one.ids, one.text, at_s=desk.rt.elapsed_s())
    missing = [i for i in range(len(subsets)) if i not in made]
    if missing:
        texts = [[passages[place].text for place in subsets[i]] for i in missing]
        new = yield from _anew(question, texts, missing, config, desk)
        for i, one in zip(missing, new, strict=True):
            desk.memo.drafts.put(keys[i], one)
            made[i] = one
    found = [made[i] for i in range(len(subsets))]
    for i, one in enumerate(found):
        yield _finished(i, one, subsets[i], desk, reused=i in reused)
    batches = batches_of(found)
    n_tokens = sum(one.n_read + one.n_written for one in batches)
    yield PhaseFinished("drafting", drafting_ms(batches), n_tokens, at_s=desk.rt.elapsed_s())
    return found


def batches_of(found: Sequence[RagDraft]) -> tuple[DraftBatch, ...]:
    """The batches that drafts were made in, each once."""
    return tuple({one.batch.serial: one.batch for one in found}.values())


def drafting_ms(batches: Sequence[DraftBatch]) -> float:
    """How long batches took, one after the other."""
    return sum(one.prefill_ms + one.decode_ms for one in batches)


def model_key(model: LoadedModel) -> tuple[Hashable, ...]:
    """Equal where a model in memory computes the same."""
    return model.spec, str(model.device), str(model.dtype), model.runtime


def _key(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, desk: AnswerContext
) -> tuple[Hashable, ...]:
    sampled = (config.temperature, config.top_k, config.top_p, config.min_p, config.seed) if config.temperature else ()
    ids = tuple(passage.id for passage in passages)
    return desk.library.key, model_key(desk.drafter), question, ids, config.max_new_tokens, sampled, desk.lengths


def _anew(
    question: str,
    texts: Sequence[Sequence[str]],
    lanes: Sequence[int],
    config: SpeculativeRagConfig,
    desk: AnswerContext,
) -> Generator[Event, None, tuple[RagDraft, ...]]:
    """Yield the prompts and the lanes as they grow; returns the drafts. lanes: the number of each subset."""
    n_prompts = 0
    serial = desk.memo.next_serial()
    steps = drafts.draft(
        question, texts, desk.drafter, config, serial=serial, checkpoint=desk.rt.checkpoint, lengths=desk.lengths
    )
    with memory_errors("drafting", "use fewer drafts (m) or shorter answers"):
        for item in steps:
            if isinstance(item, Fitted):
                yield prompt_read(item.encoded, "drafter", "draft", lanes[n_prompts], item.note, desk.rt)
                n_prompts += 1
            elif isinstance(item, Grown):
                yield TokensEmitted(f"draft {lanes[item.lane]}", item.ids, item.text, at_s=desk.rt.elapsed_s())
            else:
                return item
    raise AssertionError("drafting ends with the drafts")


def _finished(i: int, one: RagDraft, subset: Sequence[int], desk: AnswerContext, *, reused: bool) -> DraftFinished:
    return DraftFinished(
        i, one.rationale, one.response, one.log_p_rationale, one.log_p_response, len(one.prompt.ids), len(one.ids),
        tuple(subset[place] for place in one.cited), one.complete, one.why, reused=reused, at_s=desk.rt.elapsed_s(),
    )  # fmt: skip
