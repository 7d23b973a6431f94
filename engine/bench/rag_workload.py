"""Makes a question over made-up passages and computes its prompts' lengths and memory; runs no model."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from engine import prompts
from engine.documents.embedding import Description, TextRole
from engine.errors import InputError
from engine.events.answers import Passage, RetrievalKind
from engine.measuring.prompts import texts_of_length
from engine.methods.speculative_rag.verifying import verdicts
from engine.models import checks
from engine.models.checkpoint_folder import Checkpoint
from engine.models.kv_size import context_of, kv_bytes
from engine.models.load_plan import LoadPlan
from engine.rag.encoding import encode
from engine.rag.library import RetrievedPassages
from engine.rag.values import Lengths

# Logits of what the verifier reads, and the activations of a prompt chunk in a layer.
_WORK_BYTES = 512 * 2**20
_SPREAD = 0.01
# Caches grow to a power of two, or by doubling.
_CACHE_GROWTH = 2


class WorkloadCounts(NamedTuple):
    """Passages n, drafts m, passages per draft k, gamma of token-level speculation, and text lengths in ids."""

    n: int
    m: int
    k: int
    gamma: int
    question: int
    lengths: Lengths

    @property
    def answer(self) -> int:
        """Ids of every answer: standard RAG's and a draft's."""
        return self.lengths.response


class RagWorkload(NamedTuple):
    """A question and the library it is asked of. n_standard, n_draft, n_reflection: ids of the prompts that standard
    RAG, a draft and a draft's verification read, the last including the draft."""

    n_passage: int
    question: str
    library: "MadeUpLibrary"
    n_standard: int
    n_draft: int
    n_reflection: int


class MadeUpLibrary:
    """Passages without an index, retrieved in their order for any question, with vectors in n_clusters clusters."""

    def __init__(self, texts: Sequence[str], n_clusters: int) -> None:
        self.key = self.uri = "made up"
        self.n_chunks = len(texts)
        self.texts = tuple(texts)
        noise = np.random.default_rng(0).normal(0.0, _SPREAD, (len(texts), n_clusters + 1))
        clusters = np.eye(n_clusters, n_clusters + 1)[np.arange(len(texts)) % n_clusters]
        self._vectors = _unit((clusters + noise).astype(np.float32))
        self.description = Description("made up", "made up", n_clusters + 1, 0, "", "", "cpu", "float32", 0)

    def retrieve(self, question: str, n: int, how: RetrievalKind) -> RetrievedPassages:
        """The first n passages, in no time: retrieval is not what is measured."""
        passages = [Passage(str(i), self.uri, str(i), 0, len(text), text, 1.0) for i, text in enumerate(self.texts[:n])]
        return RetrievedPassages(tuple(passages), 0.0, "")

    def embed(self, texts: Sequence[str], role: TextRole) -> NDArray[np.float32]:
        """Unit vectors of texts: a passage's own, and the mean of all for any other text."""
        vector_by_text = dict(zip(self.texts, self._vectors, strict=True))
        return _unit(np.stack([vector_by_text.get(text, self._vectors.mean(0)) for text in texts]))

    def vectors(self, ids: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of passages by their ids."""
        return self._vectors[[int(name) for name in ids]]

    def background(self, n: int) -> NDArray[np.float32]:
        """The vectors of the first passages."""
        return self._vectors[:n]


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled


def workload(tokenizer: PreTrainedTokenizerBase, n_passage: int, counts: WorkloadCounts) -> RagWorkload:
    """Make a question over n passages of about n_passage ids each."""
    texts = texts_of_length(tokenizer, counts.n, n_passage)
    question = texts_of_length(tokenizer, 1, counts.question)[0]
    rag_prompts = (
        prompts.standard_rag(texts, question),
        prompts.rag_draft(sorted(texts, key=len)[-counts.k :], question),
        prompts.reflection(question, "", "", True),
    )
    standard, draft, reflection = (len(encode(prompt, tokenizer).ids) for prompt in rag_prompts)
    library = MadeUpLibrary(texts, counts.k)
    return RagWorkload(n_passage, question, library, standard, draft, reflection + sum(counts.lengths))


def refuse_counts(counts: WorkloadCounts) -> None:
    """Raise InputError where there are fewer distinct subsets than drafts: not all drafts would be measured."""
    n_distinct = math.prod(len(range(i, counts.n, counts.k)) for i in range(counts.k))
    if n_distinct < counts.m:
        reason = f"n = {counts.n} passages in k = {counts.k} clusters have {n_distinct} distinct subsets"
        raise InputError(f"{reason}, m = {counts.m} drafts need as many", "use more passages or fewer drafts")


def refuse_workloads(works: Sequence[RagWorkload], counts: WorkloadCounts, plan: LoadPlan, free_bytes: int) -> None:
    """Refuse questions that cannot be measured, before a model is made.

    Raises InputError where one does not fit a context or the device's memory, ModelError where the target cannot write
    Yes."""
    assert plan.drafter is not None
    verdicts(checks.read_tokenizer(plan.target))
    for work in works:
        standard, draft = work.n_standard + counts.answer, work.n_draft + sum(counts.lengths)
        _refuse_longer(work, "standard RAG", standard, plan.target)
        _refuse_longer(work, "token-level speculation of standard RAG", standard, plan.drafter)
        _refuse_longer(work, "a draft", draft, plan.drafter)
        _refuse_longer(work, "a verification", work.n_reflection, plan.target)
        _refuse_larger(work, needed_bytes(work, counts, plan), free_bytes, plan)


def _refuse_longer(work: RagWorkload, what: str, n_ids: int, model: Checkpoint) -> None:
    context = context_of(checks.configuration(model).get_text_config())
    if n_ids > context:
        reason = f"passages of {work.n_passage} tokens: {what} comes to {n_ids} tokens, {model.spec} reads {context}"
        raise InputError(reason, "use fewer or shorter passages, or models with a longer context")


def _refuse_larger(work: RagWorkload, n_bytes: int, free_bytes: int, plan: LoadPlan) -> None:
    if n_bytes > free_bytes:
        needed, free = n_bytes / 2**30, free_bytes / 2**30
        reason = f"passages of {work.n_passage} tokens: {needed:.1f} GiB are needed, {free:.1f} GiB are free"
        hint = "use smaller models or a smaller dtype, fewer or shorter passages, or a device with more memory"
        raise InputError(f"{reason} on {plan.device}", hint)


def needed_bytes(work: RagWorkload, counts: WorkloadCounts, plan: LoadPlan) -> int:
    """Bytes of both models' weights, of every cache that may be held at once, and of working memory."""
    assert plan.drafter is not None
    standard = work.n_standard + counts.answer + counts.gamma
    target, drafter = plan.target, plan.drafter
    weights = target.n_parameters * plan.dtype.itemsize + drafter.n_parameters * plan.drafter_dtype.itemsize
    reading = _cache(target, plan.dtype, _CACHE_GROWTH * (standard + counts.m * work.n_reflection))
    drafting = counts.m * (work.n_draft + sum(counts.lengths) + counts.gamma)
    return weights + reading + _cache(drafter, plan.drafter_dtype, _CACHE_GROWTH * standard + drafting) + _WORK_BYTES


def _cache(model: Checkpoint, dtype: torch.dtype, n_ids: int) -> int:
    return kv_bytes(checks.configuration(model), dtype, "auto", context=n_ids)
