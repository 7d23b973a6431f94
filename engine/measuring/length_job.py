"""What is to be measured over lengths, what it will take of memory, and which combinations cannot be measured."""

from typing import NamedTuple

from engine import drafters
from engine.decoding.drafting import Drafter
from engine.drafters import DraftsInRound
from engine.events import KvPrediction, TextPart
from engine.fast.static_kv_cache import power_of_two
from engine.measuring.long_text import LongTexts
from engine.models import devices
from engine.models.kv_size import kv_bytes
from engine.models.loading import LoadedModel
from engine.models.work_size import work_bytes
from engine.settings import GenerationConfig

_GIB = 2**30
_MIB = 2**20


class LengthDrafter(NamedTuple):
    """A drafter in memory, and the target as it uses it; plain decoding has no drafter. model: the drafter's, None
    where it has none. why_not: why it could not be loaded, empty if it is there; hint: the way out."""

    spec: str
    target: LoadedModel
    drafter: Drafter | None = None
    model: LoadedModel | None = None
    why_not: str = ""
    hint: str = ""

    @property
    def drafts_in_round(self) -> bool:
        """Whether it drafts as part of captured rounds, over memory that is the target's."""
        drafter: object = self.drafter
        can_draft = isinstance(drafter, DraftsInRound) and drafter.fused() is not None
        return self.target.static is not None and can_draft


class LengthsJob(NamedTuple):
    """A measurement over lengths. drafters: plain decoding first. lengths: ascending.

    config: of the generations, whose length is that of every block; gamma: of every drafter that drafts chains; widths:
    the tree of those that can branch, empty where all draft chains."""

    target: LoadedModel
    drafters: tuple[LengthDrafter, ...]
    lengths: tuple[int, ...]
    texts: LongTexts
    config: GenerationConfig
    gamma: int
    repeats: int
    prefill_chunk: int
    widths: tuple[int, ...] = ()

    def widths_of(self, drafter: LengthDrafter) -> tuple[int, ...]:
        """The tree that a drafter drafts; empty for chains."""
        can_branch = drafter.drafter is not None and drafter.drafter.capabilities.trees
        return self.widths if can_branch else ()

    def gamma_of(self, drafter: LengthDrafter) -> int:
        """The most tokens of a drafter's draft that can be accepted in a round; 0 for plain decoding."""
        return 0 if drafter.drafter is None else len(self.widths_of(drafter)) or self.gamma

    @property
    def part(self) -> TextPart:
        """Where a text is cut."""
        return self.texts.part

    def n_prompt(self, length: int) -> int:
        """How many tokens of a length leave room for the new ones in the target's context."""
        return min(length, self.target.context - self.config.max_new_tokens)


def predictions(job: LengthsJob) -> tuple[KvPrediction, ...]:
    """What every combination of length and drafter takes, and why some cannot be measured."""
    free_bytes = devices.free_bytes(job.target.device)
    return tuple(_prediction(job, length, drafter, free_bytes) for length in job.lengths for drafter in job.drafters)


def _prediction(job: LengthsJob, length: int, drafter: LengthDrafter, free_bytes: int) -> KvPrediction:
    n_prompt = job.n_prompt(length)
    n_most = n_prompt + job.config.max_new_tokens + sum(job.widths)
    target_bytes, drafter_bytes = _target_bytes(drafter.target, n_most), _drafter_bytes(drafter, n_most)
    why_not, hint = _why_not(job, drafter, n_prompt) if not drafter.why_not else (drafter.why_not, drafter.hint)
    if not why_not:
        why_not, hint = _why_no_room(job.target, target_bytes, drafter_bytes, free_bytes)
    return KvPrediction(length, drafter.spec, target_bytes, drafter_bytes, why_not, hint)


def _target_bytes(target: LoadedModel, n: int) -> int:
    # Captured rounds have memory for the next power of two.
    n_allocated = n if target.static is None else power_of_two(n, most=target.context)
    return kv_bytes(target.model.config, target.dtype, target.runtime, context=n_allocated)


def _drafter_bytes(drafter: LengthDrafter, n: int) -> int:
    if drafter.drafter is None:
        return 0
    if drafter.drafts_in_round:
        n = power_of_two(n, most=drafter.target.context)
    kind = drafters.find(drafter.spec)
    return 0 if kind.kv_bytes is None else kind.kv_bytes(drafter.spec, drafter.target, drafter.model, n)


def _why_not(job: LengthsJob, drafter: LengthDrafter, n_prompt: int) -> tuple[str, str]:
    """Why a drafter cannot be measured on a text of so many tokens, and the way out; empty if it can."""
    if job.texts.longest < n_prompt:
        reason = f"the text has {job.texts.longest:,} tokens, and {n_prompt:,} were asked for"
        return reason, f"choose a longer text, or lengths up to {job.texts.longest:,}"
    model = drafter.model
    if model is not None and drafters.over_model(drafter.spec) is None and ends_at(drafter) <= n_prompt:
        reason = (
            f"{model.spec} reads {model.context:,} tokens at most, and the text has {n_prompt:,}: it drafts nothing"
        )
        return reason, f"cut it to a window: window:{max(1, min(512, model.context // 2))}:{drafter.spec}"
    return "", ""


def ends_at(drafter: LengthDrafter) -> int:
    """The length of a text from which on a drafter proposes nothing; that of the target's context for most."""
    model, context = drafter.model, drafter.target.context
    counts_same = model is not None and model.drafts_through == "ids" and drafters.over_model(drafter.spec) is None
    return min(context, model.context) if model is not None and counts_same else context


def _why_no_room(target: LoadedModel, target_bytes: int, drafter_bytes: int, free_bytes: int) -> tuple[str, str]:
    work = work_bytes(target.model.config, target.dtype, target.device)
    needed = target_bytes + drafter_bytes + work
    if needed <= free_bytes:
        return "", ""
    reason = (
        f"keys and values take {_size(target_bytes + drafter_bytes)} and computing {_size(work)}, "
        f"{_size(free_bytes)} are free on {target.device}"
    )
    return reason, "choose shorter lengths, a smaller type or model, or free memory"


def _size(n_bytes: int) -> str:
    return f"{n_bytes / _GIB:.1f} GiB" if n_bytes >= _GIB else f"{n_bytes / _MIB:.1f} MiB"
