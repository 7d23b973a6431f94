"""A draft from each subset of passages: those made before are used again, the others are made in one batch.

Each is a rationale, then a response; none is judged here. What a rationale copies from its passages, prompt lookup
proposes: the drafter verifies it, so the text is the one it would write token by token.
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
from engine.decoding.detokenizer import Detokenizer
from engine.decoding.packing import HostRecord
from engine.decoding.sampling import Warp
from engine.events import Event, PhaseFinished, TokensEmitted
from engine.events.answers import DraftFinished, Passage
from engine.machine.out_of_memory import memory_errors
from engine.methods.speculative_rag.citing import cited
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.standard_rag.asking import AnswerContext, prompt_read
from engine.models.loading import LoadedModel
from engine.rag.encoding import Fitted, encode, fit
from engine.rag.memo import model_key
from engine.rag.reading import Branch, Checkpoint, Ids, read
from engine.rag.values import DraftBatch, Lengths, RagDraft
from engine.settings import GenerationConfig
from engine.world.questions import NOT_SAID, UNKNOWN

_NGRAM, _GAMMA = 3, 8
# How drafts go on behind a rationale, or where their passages lack a value, which no passage has for lookup to find.
_IDIOMS = f" {NOT_SAID}.{prompts.RESPONSE_FOLLOWS} {UNKNOWN}"
_LEAST = 1e-300


class Grown(NamedTuple):
    """A lane wrote some tokens; text: what became certain by them."""

    lane: int
    ids: Ids
    text: str


class _Lane:
    """One draft while it is written."""

    def __init__(self, fitted: Fitted, drafter: LoadedModel, most: int, lengths: Lengths | None) -> None:
        self.fitted = fitted
        self.ids: list[int] = []
        self.log_p: list[float] = []
        self.text = ""
        self.end = ""
        self.lengths = lengths
        self._drafter, self._most = drafter, most
        self._reader = Detokenizer(drafter.texts, fitted.encoded.ids)

    def allowed(self) -> int:
        """How many tokens may be proposed to it in a round."""
        return min(_GAMMA, self._most - len(self.ids) - 1)

    def take(self, record: HostRecord) -> tuple[Ids, str]:
        """Append what a round decided, up to the end of the draft; returns the new ids and their text."""
        n, before = record.n_accepted, len(self.ids)
        shown = len(self.text)
        pairs = zip([*record.tokens[:n], record.last_id], [*record.p[:n], record.last_p], strict=True)
        for token, p in pairs:
            self._push(token, p)
            if self.end:
                self.text += self._reader.flush()
                break
        return tuple(self.ids[before:]), self.text[shown:]

    def _push(self, token: int, p: float) -> None:
        if token in self._drafter.stop_ids and self.lengths is None:
            self.end = "stopped"
            return
        self.ids.append(token)
        self.log_p.append(math.log(max(p, _LEAST)))
        self.text += self._reader.push(token)
        _, follows, response = self.text.partition(prompts.RESPONSE_FOLLOWS)
        if follows and "\n" in response.lstrip() and self.lengths is None:
            self.end = "stopped"
        elif len(self.ids) >= self._most:
            self.end = "length"

    def why(self) -> str:
        """What is wrong with the finished draft, empty where nothing is."""
        drafted = prompts.read_draft(self.text)
        said = prompts.RESPONSE_FOLLOWS in self.text
        if self.end == "length":
            return f"the response was cut at {self._most} tokens" if said else f"no response within {self._most} tokens"
        if not said:
            return "the drafter ended without a response"
        return "" if drafted.rationale and drafted.response else "the rationale or the response is empty"


def draft(
    question: str,
    subsets: Sequence[Sequence[str]],
    drafter: LoadedModel,
    config: GenerationConfig,
    *,
    serial: int,
    checkpoint: Checkpoint,
    lengths: Lengths | None = None,
) -> Iterator[Fitted | Grown | tuple[RagDraft, ...]]:
    """Yield each prompt, what each lane writes round by round, and last all drafts; lanes are in the subsets' order.

    Raises InputError where the question does not fit the drafter's context."""
    most = config.max_new_tokens if lengths is None else sum(lengths)
    prompted = [
        fit(partial(_build, question), texts, drafter, n_new=most, what="a draft's prompt") for texts in subsets
    ]
    lanes = {i: _Lane(fitted, drafter, most, lengths) for i, fitted in enumerate(prompted)}
    for lane in lanes.values():
        yield lane.fitted
    warp = Warp(config.temperature, config.top_k, config.top_p, config.min_p)
    clock = clock_for(drafter.device)
    lookup = LookupRows(_NGRAM, drafter, idioms=drafter.tokenizer(_IDIOMS, add_special_tokens=False)["input_ids"])
    decoder = BatchDecoder(sequences_of(drafter), lookup, warp=warp, clock=clock)
    given = [lane.fitted.encoded.ids for lane in lanes.values()]
    started = time.perf_counter()
    seeds = [_seed(config.seed, texts) for texts in subsets]
    decoder.prefill(given, seeds, capacity=max(map(len, given)) + most + _GAMMA + 1, checkpoint=checkpoint)
    settle(drafter.device)
    prefill_ms, decode_ms, n_rounds = 1e3 * (time.perf_counter() - started), 0.0, 0
    growing = dict(lanes)
    while growing:
        checkpoint()
        began = time.perf_counter()
        rounds = decoder.round({i: lane.allowed() for i, lane in growing.items()})
        grown = [Grown(i, *growing[i].take(done.record)) for i, done in rounds.items()]
        growing = {i: lane for i, lane in growing.items() if not lane.end}
        decode_ms, n_rounds = decode_ms + 1e3 * (time.perf_counter() - began), n_rounds + 1
        yield from grown
    n_read, n_written = sum(map(len, given)), sum(len(lane.ids) for lane in lanes.values())
    batch = DraftBatch(serial, prefill_ms, decode_ms, n_read, n_written, n_rounds)
    yield tuple(
        _finished(question, texts, lane, drafter, batch, exact=warp.greedy, checkpoint=checkpoint)
        for texts, lane in zip(subsets, lanes.values(), strict=True)
    )


def _build(question: str, passages: Sequence[str]) -> prompts.Prompt:
    return prompts.rag_draft(passages, question)


def _seed(seed: int, passages: Sequence[str]) -> int:
    """The same for the same passages, wherever they stand among the subsets."""
    return zlib.crc32("\n".join(passages).encode("utf-8", "replace"), seed % 2**32)


def _finished(
    question: str, passages: Sequence[str], lane: _Lane, drafter: LoadedModel, batch: DraftBatch, *, exact: bool,
    checkpoint: Checkpoint,
) -> RagDraft:  # fmt: skip
    """The draft of a lane that has ended; exact: its log-probabilities are those of the drafter's own distribution."""
    if lane.lengths is not None:
        return _cut(passages, lane, lane.lengths, drafter, batch)
    found = prompts.read_draft(lane.text)
    why = lane.why()
    log_p = (math.fsum(lane.log_p), 0.0) if why else _log_p(question, found, lane, drafter, exact, checkpoint)
    return RagDraft(
        lane.fitted.encoded, lane.text, tuple(lane.ids), found.rationale, found.response, *log_p,
        cited(found.rationale, passages), why, lane.fitted.note, batch,
    )  # fmt: skip


def _cut(passages: Sequence[str], lane: _Lane, lengths: Lengths, drafter: LoadedModel, batch: DraftBatch) -> RagDraft:
    """The draft of a lane that was held to lengths: its first ids are the rationale, the others the response."""
    n = lengths.rationale
    rationale, response = (prompts.one_line(drafter.texts.text(ids)) for ids in (lane.ids[:n], lane.ids[n:]))
    return RagDraft(
        lane.fitted.encoded, lane.text, tuple(lane.ids), rationale, response, math.fsum(lane.log_p[:n]),
        math.fsum(lane.log_p[n:]), cited(rationale, passages), "", lane.fitted.note, batch, lengths,
    )  # fmt: skip


def _log_p(
    question: str, found: prompts.Drafted, lane: _Lane, drafter: LoadedModel, exact: bool, checkpoint: Checkpoint
) -> tuple[float, float]:
    """Log-probabilities of rationale and response, each tokenized by itself.

    Those of the ids that were written serve where these are the same; the text is read once more where they are not."""
    whole = encode(prompts.rag_draft([], question, found.rationale, found.response), drafter.tokenizer)
    (start, middle), (later, end) = whole.span("rationale"), whole.span("answer")
    ids = whole.ids[start:end]
    log_p: Sequence[float] = lane.log_p
    if not exact or tuple(lane.ids[: len(ids)]) != ids:
        log_p = read(drafter, lane.fitted.encoded.ids, [Branch(ids)], checkpoint)[0].trunk
    return math.fsum(log_p[: middle - start]), math.fsum(log_p[later - start : end - start])


def drafted(
    question: str,
    passages: Sequence[Passage],
    subsets: Sequence[Sequence[int]],
    config: SpeculativeRagConfig,
    context: AnswerContext,
) -> Generator[Event, None, list[RagDraft]]:
    """Yield what is drafted from each subset of the passages, lane by lane; returns the drafts in their order."""
    keys = [_key(question, [passages[place] for place in subset], config, context) for subset in subsets]
    made = {i: kept for i, key in enumerate(keys) if (kept := context.memo.drafts.get(key)) is not None}
    reused = frozenset(made)
    for i, one in made.items():
        yield prompt_read(one.prompt, "drafter", "draft", i, one.note, context.rt)
        yield TokensEmitted(f"draft {i}", one.ids, one.text, at_s=context.rt.elapsed_s())
    missing = [i for i in range(len(subsets)) if i not in made]
    if missing:
        texts = [[passages[place].text for place in subsets[i]] for i in missing]
        new = yield from _anew(question, texts, missing, config, context)
        for i, one in zip(missing, new, strict=True):
            context.memo.drafts.put(keys[i], one)
            made[i] = one
    found = [made[i] for i in range(len(subsets))]
    for i, one in enumerate(found):
        yield _told(i, one, subsets[i], context, reused=i in reused)
    batches = batches_of(found)
    n_tokens = sum(one.n_read + one.n_written for one in batches)
    yield PhaseFinished("drafting", drafting_ms(batches), n_tokens, at_s=context.rt.elapsed_s())
    return found


def batches_of(found: Sequence[RagDraft]) -> tuple[DraftBatch, ...]:
    """The batches that drafts were made in, each once."""
    return tuple({one.batch.serial: one.batch for one in found}.values())


def drafting_ms(batches: Sequence[DraftBatch]) -> float:
    """How long batches took, one after the other."""
    return sum(one.prefill_ms + one.decode_ms for one in batches)


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
        sampled,
        context.lengths,
    )


def _anew(
    question: str,
    texts: Sequence[Sequence[str]],
    lanes: Sequence[int],
    config: SpeculativeRagConfig,
    context: AnswerContext,
) -> Generator[Event, None, tuple[RagDraft, ...]]:
    """Yield the prompts and the lanes as they grow; returns the drafts. lanes: the number of each subset."""
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
    )
    with memory_errors("drafting", "use fewer drafts (m) or shorter answers"):
        for item in steps:
            if isinstance(item, Fitted):
                yield prompt_read(item.encoded, "drafter", "draft", lanes[n_prompts], item.note, context.rt)
                n_prompts += 1
            elif isinstance(item, Grown):
                yield TokensEmitted(f"draft {lanes[item.lane]}", item.ids, item.text, at_s=context.rt.elapsed_s())
            else:
                return item
    raise AssertionError("drafting ends with the drafts")


def _told(i: int, one: RagDraft, subset: Sequence[int], context: AnswerContext, *, reused: bool) -> DraftFinished:
    return DraftFinished(
        i, one.rationale, one.response, one.log_p_rationale, one.log_p_response, len(one.prompt.ids), len(one.ids),
        tuple(subset[place] for place in one.cited), one.complete, one.why, reused=reused, at_s=context.rt.elapsed_s(),
    )  # fmt: skip
