"""Drafts from each subset of passages: earlier drafts are reused, the others are written in one batch.

A draft is a rationale, then a response. Prompt lookup proposes what a rationale copies from its passages; the drafter
verifies it, so the text is the one it would write token by token.
Source: arXiv:2407.08223, section 3.1."""

import math
import time
import zlib
from collections.abc import Generator, Hashable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from engine import prompts
from engine.batch.decoder import BatchDecoder
from engine.batch.drafters import LookupRows
from engine.batch.sequences import sequences_of
from engine.decoding.clock import clock_for, settle
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.events import Event, PhaseFinished, TokensEmitted
from engine.events.answers import DraftFinished, Passage
from engine.machine.out_of_memory import memory_errors
from engine.methods.speculative_rag.citing import cited
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.draft_writer import MOST_PROPOSED, DraftWriter
from engine.methods.standard_rag.asking import AnswerContext, prompt_read
from engine.models.loading import LoadedModel
from engine.rag.demonstrations import demonstrations
from engine.rag.encoding import Fitted, encode, fit
from engine.rag.memo import model_key
from engine.rag.reading import Branch, Checkpoint, Ids, read
from engine.rag.values import DraftBatch, Lengths, RagDraft
from engine.runtime import ruled_text, rules_of
from engine.settings import GenerationConfig
from engine.world.questions import NOT_SAID, UNKNOWN

_NGRAM = 3
# What drafts write after a rationale, or for a value that their passages lack; lookup finds it in no passage.
_IDIOMS = f" {NOT_SAID}.{prompts.RESPONSE_FOLLOWS} {UNKNOWN}"


class DraftTokens(NamedTuple):
    """A draft grew by some tokens; text: the characters that they made certain. forced: whether they were written for
    the drafter."""

    lane: int
    ids: Ids
    text: str
    forced: bool = False


def draft(
    question: str,
    subsets: Sequence[Sequence[str]],
    drafter: LoadedModel,
    config: GenerationConfig,
    *,
    serial: int,
    checkpoint: Checkpoint,
    lengths: Lengths | None = None,
    worked: Sequence[prompts.WorkedDraft] = (),
) -> Iterator[Fitted | DraftTokens | tuple[RagDraft, ...]]:
    """Yield each prompt, what is written of each draft round by round, and last all drafts, in the subsets' order.

    worked: drafts that the drafter reads before the question.
    Raises InputError if the question does not fit the drafter's context."""
    most = config.max_new_tokens if lengths is None else sum(lengths)
    fitted_prompts = [
        fit(partial(_build, question, worked), texts, drafter, n_new=most, what="a draft's prompt") for texts in subsets
    ]
    writers = {i: DraftWriter(fitted, drafter, most, lengths) for i, fitted in enumerate(fitted_prompts)}
    for writer in writers.values():
        yield writer.fitted
    warp = Warp(config.temperature, config.top_k, config.top_p, config.min_p)
    clock = clock_for(drafter.device)
    lookup = LookupRows(_NGRAM, drafter, idioms=drafter.tokenizer(_IDIOMS, add_special_tokens=False)["input_ids"])
    rules = None if rules_of(drafter, config).change_nothing else partial(_rules_after, drafter, config, most)
    decoder = BatchDecoder(sequences_of(drafter), lookup, warp=warp, clock=clock, rules=rules)
    prompt_ids = [writer.fitted.encoded.ids for writer in writers.values()]
    started = time.perf_counter()
    seeds = [_seed(config.seed, texts) for texts in subsets]
    # Every row is padded to the longest draft of a round, or to what is forced.
    n_padding = max(MOST_PROPOSED + 1, *(writer.n_forced for writer in writers.values()))
    decoder.prefill(prompt_ids, seeds, capacity=max(map(len, prompt_ids)) + most + n_padding, checkpoint=checkpoint)
    settle(drafter.device)
    prefill_ms, decode_ms, n_rounds = 1e3 * (time.perf_counter() - started), 0.0, 0
    growing = dict(writers)
    while growing:
        checkpoint()
        round_started = time.perf_counter()
        rounds = decoder.round({i: writer.allowed() for i, writer in growing.items()})
        growth = [DraftTokens(i, *growing[i].take(result.record)) for i, result in rounds.items()]
        bridged = {i: step for i, writer in growing.items() if (step := writer.bridged()) is not None}
        if bridged:
            decoder.rewrite({i: ending for i, (ending, _) in bridged.items()})
            growth += [DraftTokens(i, *grown, forced=True) for i, (_, grown) in bridged.items()]
        growing = {i: writer for i, writer in growing.items() if not writer.end}
        decode_ms, n_rounds = decode_ms + 1e3 * (time.perf_counter() - round_started), n_rounds + 1
        yield from growth
    n_read, n_written = sum(map(len, prompt_ids)), sum(len(writer.ids) for writer in writers.values())
    batch = DraftBatch(serial, prefill_ms, decode_ms, n_read, n_written, n_rounds)
    exact = warp.greedy and rules is None  # otherwise what was shown is not the drafter's own distribution
    yield tuple(
        _finished_draft(question, texts, writer, drafter, batch, exact=exact, checkpoint=checkpoint)
        for texts, writer in zip(subsets, writers.values(), strict=True)
    )


def _rules_after(drafter: LoadedModel, config: GenerationConfig, most: int, n_prompt: int) -> RuledText:
    """What changes the logits of a draft whose prompt has so many ids."""
    rules = ruled_text(drafter, config, n_most=n_prompt + most)
    assert rules is not None
    return rules


def _build(question: str, worked: Sequence[prompts.WorkedDraft], passages: Sequence[str]) -> prompts.Prompt:
    return prompts.rag_draft(passages, question, demonstrations=worked)


def _seed(seed: int, passages: Sequence[str]) -> int:
    """A seed that depends on the passages, not on the place of their subset."""
    return zlib.crc32("\n".join(passages).encode("utf-8", "replace"), seed % 2**32)


def _finished_draft(
    question: str, passages: Sequence[str], writer: DraftWriter, drafter: LoadedModel, batch: DraftBatch, *,
    exact: bool, checkpoint: Checkpoint,
) -> RagDraft:  # fmt: skip
    """The finished draft of a writer; exact: its log-probabilities are those of the drafter's own distribution."""
    if writer.lengths is not None:
        return _draft_of_lengths(passages, writer, writer.lengths, drafter, batch)
    parts = writer.parts()
    why = writer.why()
    log_p = writer.log_p() if exact or why else _log_p(question, parts, writer, drafter, checkpoint)
    return RagDraft(
        writer.fitted.encoded, writer.text, tuple(writer.ids), parts.rationale, parts.response, *log_p,
        cited(parts.rationale, passages), why, writer.fitted.note, batch, forced_by=writer.forced_by,
    )  # fmt: skip


def _draft_of_lengths(
    passages: Sequence[str], writer: DraftWriter, lengths: Lengths, drafter: LoadedModel, batch: DraftBatch
) -> RagDraft:
    """The draft of a writer with fixed lengths: its first ids are the rationale, the others the response."""
    n = lengths.rationale
    rationale, response = (prompts.one_line(drafter.texts.text(ids)) for ids in (writer.ids[:n], writer.ids[n:]))
    return RagDraft(
        writer.fitted.encoded, writer.text, tuple(writer.ids), rationale, response, *writer.log_p(),
        cited(rationale, passages), "", writer.fitted.note, batch, lengths,
    )  # fmt: skip


def _log_p(
    question: str, parts: prompts.ParsedDraft, writer: DraftWriter, drafter: LoadedModel, checkpoint: Checkpoint
) -> tuple[float, float]:
    """Log-probabilities of a sampled rationale and response under the drafter's own distribution, read once more."""
    prompt = prompts.rag_draft([], question, parts.rationale, parts.response)
    encoded = encode(prompt, drafter.tokenizer, template=drafter.asked_template)
    (start, middle), (later, end) = encoded.span("rationale"), encoded.span("answer")
    branch = Branch(encoded.ids[start:end])
    log_p = read(drafter, writer.fitted.encoded.ids, [branch], checkpoint)[0].trunk
    return math.fsum(log_p[: middle - start]), math.fsum(log_p[later - start :])


def drafted(
    question: str,
    passages: Sequence[Passage],
    subsets: Sequence[Sequence[int]],
    config: SpeculativeRagConfig,
    context: AnswerContext,
) -> Generator[Event, None, list[RagDraft]]:
    """Yield what is drafted from each subset of the passages; returns the drafts in the subsets' order."""
    keys = [_key(question, [passages[place] for place in subset], config, context) for subset in subsets]
    drafts_at = {i: cached for i, key in enumerate(keys) if (cached := context.memo.drafts.get(key)) is not None}
    reused = frozenset(drafts_at)
    for i, rag_draft in drafts_at.items():
        yield prompt_read(rag_draft.prompt, "drafter", "draft", i, rag_draft.note, context.rt)
        yield TokensEmitted(f"draft {i}", rag_draft.ids, rag_draft.text, at_s=context.rt.elapsed_s())
    missing = [i for i in range(len(subsets)) if i not in drafts_at]
    if missing:
        texts = [[passages[place].text for place in subsets[i]] for i in missing]
        new_drafts = yield from _new_drafts(question, texts, missing, config, context)
        for i, rag_draft in zip(missing, new_drafts, strict=True):
            context.memo.drafts.put(keys[i], rag_draft)
            drafts_at[i] = rag_draft
    drafts = [drafts_at[i] for i in range(len(subsets))]
    for i, rag_draft in enumerate(drafts):
        yield _draft_event(i, rag_draft, subsets[i], context, reused=i in reused)
    batches = batches_of(drafts)
    n_tokens = sum(batch.n_read + batch.n_written for batch in batches)
    yield PhaseFinished("drafting", drafting_ms(batches), n_tokens, at_s=context.rt.elapsed_s())
    return drafts


def batches_of(drafts: Sequence[RagDraft]) -> tuple[DraftBatch, ...]:
    """List the batches that drafts were written in, each once."""
    return tuple({rag_draft.batch.serial: rag_draft.batch for rag_draft in drafts}.values())


def drafting_ms(batches: Sequence[DraftBatch]) -> float:
    """Sum up how long batches took."""
    return sum(batch.prefill_ms + batch.decode_ms for batch in batches)


def _key(
    question: str, passages: Sequence[Passage], config: SpeculativeRagConfig, context: AnswerContext
) -> tuple[Hashable, ...]:
    sampled = (config.temperature, config.top_k, config.top_p, config.min_p, config.seed) if config.temperature else ()
    ids = tuple(passage.id for passage in passages)
    return (
        context.library.key,
        model_key(context.drafter),
        question,
        ids,
        config.max_new_tokens,
        (config.generation_rules, config.repetition_penalty),
        sampled,
        context.lengths,
        config.demonstrations,
    )


def _new_drafts(
    question: str,
    texts: Sequence[Sequence[str]],
    places: Sequence[int],
    config: SpeculativeRagConfig,
    context: AnswerContext,
) -> Generator[Event, None, tuple[RagDraft, ...]]:
    """Yield the prompts and the drafts as they grow; returns the drafts. places: the place of each subset."""
    n_prompts = 0
    serial = context.memo.next_serial()
    steps = draft(
        question,
        texts,
        context.drafter,
        config,
        serial=serial,
        checkpoint=context.rt.checkpoint,
        lengths=context.lengths,
        worked=demonstrations(config.demonstrations, context.drafter),
    )
    with memory_errors("drafting", "use fewer drafts (m) or shorter answers"):
        for step in steps:
            if isinstance(step, Fitted):
                yield prompt_read(step.encoded, "drafter", "draft", places[n_prompts], step.note, context.rt)
                n_prompts += 1
            elif isinstance(step, DraftTokens):
                yield _grown(places[step.lane], step, context)
            else:
                return step
    raise AssertionError("drafting ends with the drafts")


def _grown(place: int, step: DraftTokens, context: AnswerContext) -> TokensEmitted:
    at_s = context.rt.elapsed_s()
    return TokensEmitted(f"draft {place}", step.ids, step.text, forced=step.forced, at_s=at_s)


def _draft_event(
    i: int, draft: RagDraft, subset: Sequence[int], context: AnswerContext, *, reused: bool
) -> DraftFinished:
    cited_places = tuple(subset[place] for place in draft.cited)
    return DraftFinished(
        i, draft.rationale, draft.response, draft.log_p_rationale, draft.log_p_response, len(draft.prompt.ids),
        len(draft.ids), cited_places, draft.complete, draft.why, draft.forced_by, reused=reused,
        at_s=context.rt.elapsed_s(),
    )  # fmt: skip
