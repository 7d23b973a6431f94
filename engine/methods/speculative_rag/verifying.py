"""Scores drafts by the verifier, without their documents, and combines the scores into one.

Earlier scores are reused; the other drafts are read in one forward.

beta: rationale, alpha: response, Q: question, R: the reflection. Everything is in natural logarithms.
rho_draft = P(beta | Q, documents) + P(alpha | Q, documents, beta), under the drafter; rho_SC = P(alpha, beta | Q) and
rho_SR = P("Yes" | Q, alpha, beta, R), both from one forward of the verifier over [Q, alpha, beta, R, "Yes"]; their
product decides. Source: arXiv:2407.08223, sections 3.2 and 3.3. All else here is marked as not from the paper."""

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


class Judgement(NamedTuple):
    """The three scores of a draft, their sum over those that decide, and scores that are not the paper's."""

    log_draft: float
    log_self_contain: float
    log_self_reflect: float
    log_score: float
    others: tuple[OtherScore, ...]


class _Reflection(NamedTuple):
    """A reflection prompt, split into the prefix it shares with others and the branch of its own, whose endings are
    n_yes forms of Yes, then those of No."""

    prompt: Encoded
    n_yes: int
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

    Equal drafts are read once, unless they were held to lengths: then reading all of them is what is timed.
    Raises ModelError if the target cannot write Yes or No."""
    forms = verdicts(target.tokenizer)
    started = time.perf_counter()
    reflections = [
        _reflection(_prompt(question, draft, texts, target, config), target, forms)
        for draft, texts in zip(drafts, passages, strict=True)
    ]
    copy_numbers = [0 if draft.held_to is None else i for i, draft in enumerate(drafts)]
    keys = [(i, reflection.branch.trunk) for i, reflection in zip(copy_numbers, reflections, strict=True)]
    distinct = dict(zip(keys, reflections, strict=True))
    scores = dict(zip(distinct, _read(list(distinct.values()), target, checkpoint), strict=True))
    by_documents = [
        _with_documents(question, draft, texts, target, checkpoint) if config.option == "with_documents" else (None, 0)
        for draft, texts in zip(drafts, passages, strict=True)
    ]
    branches = [reflection.branch for reflection in distinct.values()]
    total = n_read(reflections[0].prefix, branches) if reflections else 0
    verification = Verification(serial, 1e3 * (time.perf_counter() - started), total + sum(n for _, n in by_documents))
    return [
        scores[key]._replace(with_documents=mean, verification=verification)
        for key, (mean, _) in zip(keys, by_documents, strict=True)
    ]


def _read(reflections: Sequence[_Reflection], target: LoadedModel, checkpoint: Checkpoint) -> list[VerifierScore]:
    """The scores of distinct drafts."""
    if not reflections:
        return []
    logps = read(target, reflections[0].prefix, [reflection.branch for reflection in reflections], checkpoint)
    return [_score(reflection, logp) for reflection, logp in zip(reflections, logps, strict=True)]


def _score(reflection: _Reflection, logps: BranchLogps) -> VerifierScore:
    answer, rationale = (logps.trunk[start:end] for start, end in (reflection.answer, reflection.rationale))
    yes, no = (_sum(forms) for forms in (logps.endings[: reflection.n_yes], logps.endings[reflection.n_yes :]))
    return VerifierScore(
        reflection.prompt, math.fsum(answer), math.fsum(rationale), yes, no, len(answer), len(rationale), None,
        n_read(reflection.prefix, [reflection.branch]), Verification(0, 0.0, 0),
    )  # fmt: skip


def _sum(logps: Sequence[float]) -> float:
    """The logarithm of the sum of probabilities."""
    return float(np.logaddexp.reduce(logps))


class Verdicts(NamedTuple):
    """All ways in which a tokenizer can write Yes and No, as ids; none is the beginning of another."""

    yes: tuple[Ids, ...]
    no: tuple[Ids, ...]


def verdicts(tokenizer: PreTrainedTokenizerBase) -> Verdicts:
    """Tokenize Yes and No, with and without a blank, in upper and lower case.

    Raises ModelError if the tokenizer cannot write them."""
    return Verdicts(_forms(prompts.YES, tokenizer), _forms(prompts.NO, tokenizer))


def _forms(word: str, tokenizer: PreTrainedTokenizerBase) -> tuple[Ids, ...]:
    """The ids of a verdict in each spelling, those without another form's ids at their beginning."""
    bare = word.strip()
    spellings = [blank + each for each in (bare, bare.lower(), bare.upper()) for blank in (" ", "")]
    forms = dict.fromkeys(ids for text in spellings if _written(ids := encode_piece(text, tokenizer), text, tokenizer))
    if not forms:
        reason = f"the target's tokenizer cannot write {bare!r}, which it would have to answer"
        raise ModelError(reason, "verify with another target")
    return tuple(ids for ids in forms if not any(ids[:n] in forms for n in range(1, len(ids))))


def _written(ids: Ids, text: str, tokenizer: PreTrainedTokenizerBase) -> bool:
    written = tokenizer.decode([*encode_piece(":", tokenizer), *ids])
    return bool(ids) and tokenizer.unk_token_id not in ids and written.endswith(text.strip())


def _prompt(
    question: str, draft: RagDraft, passages: Sequence[str], target: LoadedModel, config: SpeculativeRagConfig
) -> Encoded:
    """What the verifier reads of a draft, with Yes at its end."""
    if config.option != "documents_for_rationale":
        reflection = prompts.reflection(question, draft.response, draft.rationale, True)
        return encode(reflection, target.tokenizer, _fixed_ids(draft), template=target.asked_template)
    build = partial(_on_documents, question, draft.response)
    return fit(build, passages, target, n_new=0, what="the verifier's prompt").encoded


def _fixed_ids(draft: RagDraft) -> dict[str, Ids]:
    """The ids of a draft that was held to lengths; its text may be tokenized to other ids."""
    if draft.held_to is None:
        return {}
    n = draft.held_to.rationale
    return {"rationale": draft.ids[:n], "answer": draft.ids[n:]}


def _on_documents(question: str, response: str, passages: Sequence[str]) -> prompts.Prompt:
    return prompts.reflection(question, response, prompts.numbered(passages), True)


def _reflection(encoded: Encoded, target: LoadedModel, forms: Verdicts) -> _Reflection:
    """Split a reflection prompt. Raises InputError if it does not fit the target's context."""
    if len(encoded.ids) > target.context:
        reason = f"a draft has {len(encoded.ids)} tokens with its question, {target.spec} reads {target.context}"
        raise InputError(reason, "shorten the question or the drafts, or use a target with a longer context")
    (start, answer_end), (rationale, rationale_end) = encoded.span("answer"), encoded.span("rationale")
    trunk = encoded.ids[start : encoded.span("verdict")[0]]
    return _Reflection(
        encoded, len(forms.yes), encoded.ids[:start], Branch(trunk, (*forms.yes, *forms.no)), (0, answer_end - start),
        (rationale - start, rationale_end - start),
    )  # fmt: skip


def _with_documents(
    question: str, draft: RagDraft, passages: Sequence[str], target: LoadedModel, checkpoint: Checkpoint
) -> tuple[float, int]:
    """Mean log P(alpha, beta | Q, documents) per token under the target, and the tokens read for it.

    Not from the paper, whose verifier sees no documents: popular accounts score this way."""
    prompt = prompts.rag_draft([], question, draft.rationale, draft.response)
    encoded = encode(prompt, target.tokenizer, template=target.asked_template)
    (start, middle), (later, end) = encoded.span("rationale"), encoded.span("answer")
    written = encoded.ids[start:end]
    build = partial(_draft_prompt, question)
    prefix = fit(build, passages, target, n_new=len(written), what="the verifier's prompt").encoded.ids
    log_p = read(target, prefix, [Branch(written)], checkpoint)[0].trunk
    logps = (*log_p[: middle - start], *log_p[later - start : end - start])
    return math.fsum(logps) / max(1, len(logps)), len(prefix) + len(written)


def _draft_prompt(question: str, passages: Sequence[str]) -> prompts.Prompt:
    return prompts.rag_draft(passages, question)


def judge(draft: RagDraft, score: VerifierScore, config: SpeculativeRagConfig) -> Judgement:
    """Combine the scores of a complete draft as the settings say."""
    parts = (draft.log_p_rationale, draft.log_p_response)
    contain, n = score.log_answer + score.log_rationale, max(1, score.n_answer + score.n_rationale)
    if config.option == "documents_for_rationale":  # the long text of the documents would outweigh the response
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
    return Judgement(log_draft, contain, reflect, total, tuple(others))


def _log_verdict(score: VerifierScore, temperature: float) -> float:
    """log P(Yes); with a temperature, not from the paper: of Yes against No, their logits divided by it."""
    if not temperature:
        return score.log_yes
    return -float(np.logaddexp(0.0, (score.log_no - score.log_yes) / temperature))


def _weighted(logs: tuple[float, float, float], config: SpeculativeRagConfig) -> float:
    """The sum of the scores that decide; with learned weights, which are not from the paper."""
    names = ("draft", "self_contain", "self_reflect")
    weights = (1.0, 1.0, 1.0)
    if config.option == "weighted":
        weights = (config.weight_draft, config.weight_self_contain, config.weight_self_reflect)
    chosen = names if config.scores == "all" else config.scores.split("+")
    return math.fsum(w * log for name, w, log in zip(names, weights, logs, strict=True) if name in chosen)


def scored(
    question: str,
    drafts: Sequence[RagDraft],
    subsets: Sequence[Sequence[Passage]],
    config: SpeculativeRagConfig,
    context: AnswerContext,
) -> Generator[Event, None, list[VerifierScore | None]]:
    """Yield the scores of each complete draft; returns them, None for a draft that is not complete."""
    keys = [_key(question, draft, subset, config, context) for draft, subset in zip(drafts, subsets, strict=True)]
    scores = [context.memo.scores.get(key) if draft.complete else None for key, draft in zip(keys, drafts, strict=True)]
    missing = [i for i, draft in enumerate(drafts) if draft.complete and scores[i] is None]
    if missing:
        new_scores = verify(
            question, [drafts[i] for i in missing], [[p.text for p in subsets[i]] for i in missing], context.rt.target,
            config, serial=context.memo.next_serial(), checkpoint=context.rt.checkpoint,
        )  # fmt: skip
        for i, new_score in zip(missing, new_scores, strict=True):
            context.memo.scores.put(keys[i], new_score)
            scores[i] = new_score
    for i, (draft, score) in enumerate(zip(drafts, scores, strict=True)):
        if score is not None:
            yield prompt_read(score.prompt, "target", "scores", i, "", context.rt)
            yield _scored_event(i, judge(draft, score, config), score, context, reused=i not in missing)
    works = verifications_of(scores)
    ms, n_read = sum(work.ms for work in works), sum(work.n_read for work in works)
    yield PhaseFinished("verifying", ms, n_read, at_s=context.rt.elapsed_s())
    return scores


def verifications_of(scores: Sequence[VerifierScore | None]) -> tuple[Verification, ...]:
    """List the verifications that scores come from, each once."""
    return tuple({s.verification.serial: s.verification for s in scores if s is not None}.values())


def _key(
    question: str, draft: RagDraft, passages: Sequence[Passage], config: SpeculativeRagConfig, context: AnswerContext
) -> tuple[Hashable, ...]:
    by_documents = config.option in ("with_documents", "documents_for_rationale")
    read = (config.option, context.library.key, tuple(passage.id for passage in passages)) if by_documents else ()
    return model_key(context.rt.target), question, draft.response, draft.rationale, read


def _scored_event(
    i: int, judged: Judgement, score: VerifierScore, context: AnswerContext, *, reused: bool
) -> CandidateScored:
    return CandidateScored(
        i, judged.log_draft, judged.log_self_contain, judged.log_self_reflect, judged.log_score, score.n_read,
        judged.others, reused=reused, at_s=context.rt.elapsed_s(),
    )  # fmt: skip
