"""Scores of drafts as events: those known are used again, the other drafts are read by the verifier in one forward."""

from collections.abc import Generator, Hashable, Sequence

from engine.events import Event, PhaseFinished
from engine.events.answers import CandidateScored, Passage
from engine.methods.speculative_rag import scores
from engine.methods.speculative_rag.config import SpeculativeRagConfig
from engine.methods.speculative_rag.drafting import model_key
from engine.methods.speculative_rag.scores import Judged
from engine.methods.standard_rag.asking import AnswerContext, prompt_read
from engine.rag.values import RagDraft, Verification, VerifierScore


def scored(
    question: str,
    made: Sequence[RagDraft],
    subsets: Sequence[Sequence[Passage]],
    config: SpeculativeRagConfig,
    desk: AnswerContext,
) -> Generator[Event, None, list[VerifierScore | None]]:
    """Yield the scores of each complete draft; returns them, None for a draft that is not complete."""
    keys = [_key(question, one, subset, config, desk) for one, subset in zip(made, subsets, strict=True)]
    found = [desk.memo.scores.get(key) if one.complete else None for key, one in zip(keys, made, strict=True)]
    missing = [i for i, one in enumerate(made) if one.complete and found[i] is None]
    if missing:
        new = scores.verify(
            question, [made[i] for i in missing], [[p.text for p in subsets[i]] for i in missing], desk.rt.target,
            config, serial=desk.memo.next_serial(), checkpoint=desk.rt.checkpoint,
        )  # fmt: skip
        for i, score in zip(missing, new, strict=True):
            desk.memo.scores.put(keys[i], score)
            found[i] = score
    for i, (one, known) in enumerate(zip(made, found, strict=True)):
        if known is not None:
            yield prompt_read(known.prompt, "target", "scores", i, "", desk.rt)
            yield _told(i, scores.judge(one, known, config), known, desk, reused=i not in missing)
    works = verifications_of(found)
    ms, n_read = sum(one.ms for one in works), sum(one.n_read for one in works)
    yield PhaseFinished("verifying", ms, n_read, at_s=desk.rt.elapsed_s())
    return found


def verifications_of(found: Sequence[VerifierScore | None]) -> tuple[Verification, ...]:
    """The verifications that scores come from, each once."""
    return tuple({s.verification.serial: s.verification for s in found if s is not None}.values())


def _key(
    question: str, one: RagDraft, passages: Sequence[Passage], config: SpeculativeRagConfig, desk: AnswerContext
) -> tuple[Hashable, ...]:
    by_documents = config.option in ("with_documents", "documents_for_rationale")
    read = (config.option, desk.library.key, tuple(passage.id for passage in passages)) if by_documents else ()
    return model_key(desk.rt.target), question, one.response, one.rationale, read


def _told(i: int, judged: Judged, score: VerifierScore, desk: AnswerContext, *, reused: bool) -> CandidateScored:
    return CandidateScored(
        i, judged.log_draft, judged.log_self_contain, judged.log_self_reflect, judged.log_score, score.n_read,
        judged.others, reused=reused, at_s=desk.rt.elapsed_s(),
    )  # fmt: skip
