"""What the verifier thinks of drafts, without their documents, and how its scores become one.

Scores known from before are used again, the other drafts are read in one forward.

beta: rationale, alpha: response, Q: question, R: the reflection. Everything is in natural logarithms.
rho_draft = P(beta | Q, documents) + P(alpha | Q, documents, beta), under the drafter; rho_SC = P(alpha, beta | Q) and
rho_SR = P("Yes" | Q, alpha, beta, R), both from one forward of the verifier over [Q, alpha, beta, R, "Yes"]; their
product decides. Source: arXiv:2407.08223, sections 3.2 and 3.3. What else is here is not from the paper and says so."""

import math
import time
from collections.abc import Generator, Hashable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from transformers import PreTrainedTokenizerBase

from engine import prompts
from engine.errors import InputError, ModelError
from engine.events import Event, PhaseFinished
from engine.events.answers import CandidateScored, OtherScore, Passage
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.standard_rag.asking import AnswerContext, prompt_read
from engine.models.loading import LoadedModel
from engine.rag.encoding import Encoded, encode, encode_piece, fit
from engine.rag.memo import model_key
from engine.rag.reading import Branch, BranchLogps, Checkpoint, Ids, n_read, read
from engine.rag.values import RagDraft, Verification, VerifierScore


class Judged(NamedTuple):
    """The three scores of a draft, their sum over those that decide, and scores that are not the paper's."""

    log_draft: float
    log_self_contain: float
    log_self_reflect: float
    log_score: float
    others: tuple[OtherScore, ...]


class _Asked(NamedTuple):
    """A reflection prompt taken apart: the beginning it shares with others, and what is its own."""

    prompt: Encoded
    prefix: Ids
    branch: Branch
    answer: tuple[int, int]
    rationale: tuple[int, int]


def verify(
    question: str,
    drafts: Sequence[RagDraft],
    passages: Sequence[Sequence[str]],
    target: LoadedModel,
    config: SpeculativeRagConfig,
    *,
    serial: int,
    checkpoint: Checkpoint,
) -> list[VerifierScore]:
    """Score complete drafts in one forward; passages: those of each draft, for scores that are not the paper's.

    Drafts that say the same are read once, unless they were held to lengths: then what is timed is that all are read.
    Raises ModelError where the target cannot write Yes or No."""
    yes, no = verdicts(target.tokenizer)
    started = time.perf_counter()
    asked = [
        _asked(_prompt(question, one, texts, target, config), target, (yes, no))
        for one, texts in zip(drafts, passages, strict=True)
    ]
    ways = [0 if one.held_to is None else i for i, one in enumerate(drafts)]
    keys = [(way, one.branch.trunk) for way, one in zip(ways, asked, strict=True)]
    distinct = dict(zip(keys, asked, strict=True))
    found = dict(zip(distinct, _read(list(distinct.values()), target, checkpoint), strict=True))
    by_documents = [
        _with_documents(question, one, texts, target, checkpoint) if config.option == "with_documents" else (None, 0)
        for one, texts in zip(drafts, passages, strict=True)
    ]
    total = n_read(asked[0].prefix, [one.branch for one in distinct.values()]) if asked else 0
    done = Verification(serial, 1e3 * (time.perf_counter() - started), total + sum(n for _, n in by_documents))
    return [
        found[key]._replace(with_documents=mean, verification=done)
        for key, (mean, _) in zip(keys, by_documents, strict=True)
    ]


def _read(asked: Sequence[_Asked], target: LoadedModel, checkpoint: Checkpoint) -> list[VerifierScore]:
    """The scores of distinct drafts."""
    if not asked:
        return []
    read_now = read(target, asked[0].prefix, [one.branch for one in asked], checkpoint)
    return [_score(one, made) for one, made in zip(asked, read_now, strict=True)]


def _score(one: _Asked, made: BranchLogps) -> VerifierScore:
    answer, rationale = (made.trunk[start:end] for start, end in (one.answer, one.rationale))
    yes, no = made.endings
    return VerifierScore(
        one.prompt, math.fsum(answer), math.fsum(rationale), yes, no, len(answer), len(rationale), None,
        n_read(one.prefix, [one.branch]), Verification(0, 0.0, 0),
    )  # fmt: skip


def verdicts(tokenizer: PreTrainedTokenizerBase) -> tuple[Ids, Ids]:
    """The ids of Yes and No, several each where the vocabulary has no single one. Raises ModelError."""
    found = []
    for word in (prompts.YES, prompts.NO):
        ids = encode_piece(word, tokenizer)
        written = tokenizer.decode([*encode_piece(":", tokenizer), *ids])
        if not ids or tokenizer.unk_token_id in ids or not written.endswith(word.strip()):
            reason = f"the target's tokenizer cannot write {word.strip()!r}, which it would have to answer"
            raise ModelError(reason, "verify with another target")
        found.append(ids)
    return found[0], found[1]


def _prompt(
    question: str, one: RagDraft, passages: Sequence[str], target: LoadedModel, config: SpeculativeRagConfig
) -> Encoded:
    """What the verifier reads of a draft, with Yes at its end."""
    if config.option != "documents_for_rationale":
        whole = prompts.reflection(question, one.response, one.rationale, True)
        return encode(whole, target.tokenizer, _held(one))
    build = partial(_on_documents, question, one.response)
    return fit(build, passages, target, n_new=0, what="the verifier's prompt").encoded


def _held(one: RagDraft) -> dict[str, Ids]:
    """The ids of a draft that was held to lengths; its text need not be tokenized to them again."""
    if one.held_to is None:
        return {}
    n = one.held_to.rationale
    return {"rationale": one.ids[:n], "answer": one.ids[n:]}


def _on_documents(question: str, response: str, passages: Sequence[str]) -> prompts.Prompt:
    return prompts.reflection(question, response, prompts.numbered(passages), True)


def _asked(made: Encoded, target: LoadedModel, endings: tuple[Ids, Ids]) -> _Asked:
    """Raises InputError where the prompt does not fit the target's context."""
    if len(made.ids) > target.context:
        reason = f"a draft has {len(made.ids)} tokens with its question, {target.spec} reads {target.context}"
        raise InputError(reason, "shorten the question or the drafts, or use a target with a longer context")
    (start, answer_end), (rationale, rationale_end) = made.span("answer"), made.span("rationale")
    trunk = made.ids[start : made.span("verdict")[0]]
    return _Asked(
        made, made.ids[:start], Branch(trunk, endings), (0, answer_end - start),
        (rationale - start, rationale_end - start),
    )  # fmt: skip


def _with_documents(
    question: str, one: RagDraft, passages: Sequence[str], target: LoadedModel, checkpoint: Checkpoint
) -> tuple[float, int]:
    """Mean log P(alpha, beta | Q, documents) a token under the target, and the tokens read for it.

    Not from the paper, whose verifier sees no documents: popular accounts score so."""
    whole = encode(prompts.rag_draft([], question, one.rationale, one.response), target.tokenizer)
    (start, middle), (later, end) = whole.span("rationale"), whole.span("answer")
    written = whole.ids[start:end]
    build = partial(_draft_prompt, question)
    given = fit(build, passages, target, n_new=len(written), what="the verifier's prompt").encoded.ids
    log_p = read(target, given, [Branch(written)], checkpoint)[0].trunk
    counted = (*log_p[: middle - start], *log_p[later - start : end - start])
    return math.fsum(counted) / max(1, len(counted)), len(given) + len(written)


def _draft_prompt(question: str, passages: Sequence[str]) -> prompts.Prompt:
    return prompts.rag_draft(passages, question)


def judge(one: RagDraft, score: VerifierScore, config: SpeculativeRagConfig) -> Judged:
    """The scores of a complete draft and their sum, as the settings have it."""
    parts = (one.log_p_rationale, one.log_p_response)
    contain, n = score.log_answer + score.log_rationale, max(1, score.n_answer + score.n_rationale)
    if config.option == "documents_for_rationale":  # a long text of documents would drown the response
        contain, n = score.log_answer, max(1, score.n_answer)
    log_draft = float(np.logaddexp(*parts))
    reflect = _log_verdict(score, config.verdict_temperature)
    others = [
        OtherScore("log odds of Yes", score.log_yes - score.log_no),
        OtherScore("self-contain a token", contain / n),
    ]
    if config.option == "per_token":  # not from the paper: long rationales lose by their length alone
        log_draft = float(np.logaddexp(parts[0] / max(1, score.n_rationale), parts[1] / max(1, score.n_answer)))
        contain /= n
    if score.with_documents is not None:
        others.append(OtherScore("mean with documents", score.with_documents))
    deciding = _weighted((log_draft, contain, reflect), config)
    total = score.with_documents if score.with_documents is not None else deciding
    return Judged(log_draft, contain, reflect, total, tuple(others))


def _log_verdict(score: VerifierScore, temperature: float) -> float:
    """log P(Yes); with a temperature, not from the paper: of Yes against No, their logits divided by it."""
    if not temperature:
        return score.log_yes
    return -float(np.logaddexp(0.0, (score.log_no - score.log_yes) / temperature))


def _weighted(logs: tuple[float, float, float], config: SpeculativeRagConfig) -> float:
    """The sum of the scores that decide; with weights that were learned, which are not the paper's."""
    names = ("draft", "self_contain", "self_reflect")
    weights = (1.0, 1.0, 1.0)
    if config.option == "weighted":
        weights = (config.weight_draft, config.weight_self_contain, config.weight_self_reflect)
    chosen = names if config.scores == "all" else config.scores.split("+")
    return math.fsum(w * log for name, w, log in zip(names, weights, logs, strict=True) if name in chosen)


def scored(
    question: str,
    made: Sequence[RagDraft],
    subsets: Sequence[Sequence[Passage]],
    config: SpeculativeRagConfig,
    context: AnswerContext,
) -> Generator[Event, None, list[VerifierScore | None]]:
    """Yield the scores of each complete draft; returns them, None for a draft that is not complete."""
    keys = [_key(question, one, subset, config, context) for one, subset in zip(made, subsets, strict=True)]
    found = [context.memo.scores.get(key) if one.complete else None for key, one in zip(keys, made, strict=True)]
    missing = [i for i, one in enumerate(made) if one.complete and found[i] is None]
    if missing:
        new = verify(
            question, [made[i] for i in missing], [[p.text for p in subsets[i]] for i in missing], context.rt.target,
            config, serial=context.memo.next_serial(), checkpoint=context.rt.checkpoint,
        )  # fmt: skip
        for i, score in zip(missing, new, strict=True):
            context.memo.scores.put(keys[i], score)
            found[i] = score
    for i, (one, known) in enumerate(zip(made, found, strict=True)):
        if known is not None:
            yield prompt_read(known.prompt, "target", "scores", i, "", context.rt)
            yield _told(i, judge(one, known, config), known, context, reused=i not in missing)
    works = verifications_of(found)
    ms, n_read = sum(one.ms for one in works), sum(one.n_read for one in works)
    yield PhaseFinished("verifying", ms, n_read, at_s=context.rt.elapsed_s())
    return found


def verifications_of(found: Sequence[VerifierScore | None]) -> tuple[Verification, ...]:
    """The verifications that scores come from, each once."""
    return tuple({s.verification.serial: s.verification for s in found if s is not None}.values())


def _key(
    question: str, one: RagDraft, passages: Sequence[Passage], config: SpeculativeRagConfig, context: AnswerContext
) -> tuple[Hashable, ...]:
    by_documents = config.option in ("with_documents", "documents_for_rationale")
    read = (config.option, context.library.key, tuple(passage.id for passage in passages)) if by_documents else ()
    return model_key(context.rt.target), question, one.response, one.rationale, read


def _told(i: int, judged: Judged, score: VerifierScore, context: AnswerContext, *, reused: bool) -> CandidateScored:
    return CandidateScored(
        i, judged.log_draft, judged.log_self_contain, judged.log_self_reflect, judged.log_score, score.n_read,
        judged.others, reused=reused, at_s=context.rt.elapsed_s(),
    )  # fmt: skip
