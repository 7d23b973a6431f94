"""The figures of one way of decoding, from the texts it wrote: gate, quality, work.

Total variation is taken at drafted positions, against the target on the very same prefix: in greedy decoding it is
whether the token is the target's first choice, in sampling it is that of the position's law (`sprinter.laws`)."""

import math
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from engine import statistics
from engine.decoding.sampling import Warp
from engine.events import GateFigures, QualityFigures, RoundFinished, WorkFigures
from engine.experiments import text_quality
from engine.experiments.verification_ways import Way, law_of
from engine.models.loading import LoadedModel
from engine.sprinter import laws
from engine.sprinter.gate import Gate, features
from engine.sprinter.prefix_rows import PrefixReader, PrefixRows
from engine.statistics import Interval

_MOST_LAW_NUMBERS = 1 << 26


class WrittenText(NamedTuple):
    """A text that was written from a prompt. reference: the target's greedy text; ended: by a stop token."""

    prompt: tuple[int, ...]
    ids: tuple[int, ...]
    text: str
    rounds: tuple[RoundFinished, ...]
    decode_ms: float
    reference: tuple[int, ...] = ()
    reference_text: str = ""
    ended: bool = False


class Answers(NamedTuple):
    """How many questions were asked, and for each whether it was answered right; and how many texts ran to the cap."""

    right: tuple[bool, ...] = ()
    n_capped: int = 0


class _PositionSums(NamedTuple):
    """Sums over one text. tv: over drafted positions, of which there are n; text_tv: over all tokens."""

    tv: float
    n: int
    text_tv: float
    kl: float
    nll: float


def gate_figures(texts: Sequence[WrittenText], threshold: float, tv: float) -> GateFigures:
    """What the gate did; tv: the measured total variation."""
    wrong_gated, wrong, right, right_stopped, passed, n = [], [], 0.0, 0.0, 0, 0
    n_gated = n_audited = n_runs = 0
    audited_wrong = 0.0
    for text in texts:
        gated_here = wrong_here = 0.0
        for event in text.rounds:
            n_runs += bool(event.proposed)
            for token in event.proposed:
                a, passes = token.accept_prob, (token.gate or 0.0) >= threshold
                unverified = token.fate == "unverified"
                n, passed, right, wrong_here = n + 1, passed + passes, right + a, wrong_here + 1 - a
                right_stopped += 0.0 if passes else a
                gated_here += (1 - a) if unverified else 0.0
                n_gated += unverified
                n_audited += token.audited
                audited_wrong += (1 - a) if token.audited else 0.0
        wrong_gated.append(gated_here)
        wrong.append(wrong_here)
    all_wrong, gated_wrong = sum(wrong), sum(wrong_gated)
    eta_fp, alpha = (gated_wrong / all_wrong if all_wrong else 0.0), right / max(1, n)
    estimated = audited_wrong * n_gated / n_audited if n_audited else None
    tested_wrong = all_wrong - gated_wrong
    return GateFigures(
        n_drafted=n,
        n_gated=n_gated,
        n_audited=n_audited,
        alpha=alpha,
        eta_fp=eta_fp,
        eta_fp_ci=bounded(statistics.ratio_interval(wrong_gated, wrong)),
        eta_fn=right_stopped / right if right else 0.0,
        rho=passed / max(1, n),
        drafts_per_call=n / max(1, n_runs),
        audited_eta_fp=None if estimated is None else estimated / max(1e-12, estimated + tested_wrong),
        assumption=eta_fp * (1 - alpha) - tv,
    )


def bounded(interval: Interval | None) -> Interval | None:
    """An interval of a share, which is from 0 to 1."""
    return None if interval is None else Interval(max(0.0, interval.low), min(1.0, interval.high))


class QualityMeter:
    """Reads texts with the pair and compares them with the target. gate: for the law of gated positions."""

    def __init__(self, target: LoadedModel, drafter: LoadedModel, warp: Warp, gate: Gate) -> None:
        self._reader, self._greedy = PrefixReader(target, drafter, warp), warp.greedy
        self._gate, self._embed = gate.to(target.device), drafter.model.get_input_embeddings()

    def quality(self, way: Way, texts: Sequence[WrittenText], answers: Answers) -> QualityFigures:
        """The figures of the texts that one way wrote."""
        sums = [self._sums(way, text) for text in texts]
        n_tokens, n_drafted = sum(len(text.ids) for text in texts), sum(each.n for each in sums)
        right = answers.right
        n_right = sum(right)
        kl = sum(each.kl for each in sums) / max(1, n_drafted)
        return QualityFigures(
            tv=sum(each.tv for each in sums) / max(1, n_drafted),
            tv_ci=bounded(statistics.ratio_interval([each.tv for each in sums], [each.n for each in sums])),
            tv_text=sum(each.text_tv for each in sums) / max(1, n_tokens),
            perplexity=math.exp(min(700.0, sum(each.nll for each in sums) / max(1, n_tokens))),
            exact_match=fmean(text.ids == text.reference for text in texts),
            rouge_l=fmean(text_quality.rouge_l(text.text, text.reference_text) for text in texts),
            repeated=fmean(text_quality.repeated(text.ids) for text in texts),
            capped=answers.n_capped / len(right) if right else fmean(not text.ended for text in texts),
            kl=kl if not self._greedy and math.isfinite(kl) else None,
            accuracy=n_right / len(right) if right else None,
            accuracy_ci=statistics.wilson_interval(n_right / len(right), len(right)) if right else None,
            n_questions=len(right),
        )

    def _sums(self, way: Way, text: WrittenText) -> _PositionSums:
        with torch.inference_mode():
            rows = self._reader.read((*text.prompt, *text.ids), len(text.prompt))
            ids = torch.tensor(text.ids, device=rows.p.device).unsqueeze(-1)
            nll = float(-rows.target_p.gather(-1, ids).clamp_min(1e-30).log().sum())
            drafted = list(
                drafted_positions(text.rounds, len(text.ids), cap=way.gamma if way.verification == "sprinter" else 0)
            )
            tv, kl = self._distances(way, rows, ids)
            exact_last = torch.tensor([0.0 if at.exact else 1.0 for at in drafted], device=tv.device)
            places = torch.tensor([at.place for at in drafted], dtype=torch.int64, device=tv.device)
            at_drafted = tv.index_select(0, places) * exact_last
            kl_drafted = (kl.index_select(0, places) * exact_last).nan_to_num(0.0, posinf=math.inf)
            text_tv = float(tv.sum()) if self._greedy else float(at_drafted.sum())
            return _PositionSums(float(at_drafted.sum()), len(drafted), text_tv, float(kl_drafted.sum()), nll)

    def _distances(self, way: Way, rows: PrefixRows, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Total variation and KL at each position, [n] each."""
        if self._greedy:
            tv = 1 - rows.p.gather(-1, ids).squeeze(-1)
            return tv, torch.zeros_like(tv)
        law = law_of(way, lambda: self._passes(way, rows))(rows.p, rows.q)
        return laws.total_variation(rows.p, law), laws.divergence(law, rows.p)

    def _passes(self, way: Way, rows: PrefixRows) -> Tensor:
        """Which tokens the gate would let through at each position, [n, V] of 0 and 1."""
        n, n_vocabulary = rows.q.shape
        tokens = torch.arange(n_vocabulary, device=rows.q.device)
        passes = torch.empty_like(rows.q)
        for i in range(n):
            states = rows.states[i : i + 1].expand(n_vocabulary, -1)
            read = features(self._gate.shape, states, rows.q[i], tokens, self._embed)
            passes[i] = (self._gate.probability(read) >= way.setting).float()
        return passes


class DraftedPosition(NamedTuple):
    """A position of the text whose token was drafted, or corrected. exact: it is the target's whatever happened."""

    place: int
    exact: bool


def drafted_positions(rounds: Sequence[RoundFinished], n: int, *, cap: int) -> Iterator[DraftedPosition]:
    """The drafted positions of a text of n tokens. cap: of a gate's runs, whose last token is tested; or 0."""
    start = 0
    for event in rounds:
        kept = [token for token in event.proposed if token.kept]
        n_drafted = len(kept) + (event.last is not None and event.last.kind == "correction")
        for i in range(n_drafted):
            if start + i < n:
                yield DraftedPosition(start + i, exact=bool(cap) and i == cap - 1)
        start += len(event.emitted)


def matrix_parameters(model: PreTrainedModel) -> int:
    """The weights that every token is multiplied by: all but an input embedding that is not the head too."""
    n_all = sum(int(parameter.numel()) for parameter in model.parameters())
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    tied = head is not None and head.weight is embedding.weight
    return n_all if tied else n_all - int(embedding.weight.numel())


class WorkMeter:
    """Counts what texts cost a pair: two operations a weight and token, and weights read once a forward."""

    def __init__(self, target: LoadedModel, drafter: LoadedModel, gate: Gate) -> None:
        self._target, self._drafter = 2.0 * matrix_parameters(target.model), 2.0 * matrix_parameters(drafter.model)
        self._target_bytes, self._drafter_bytes = float(target.n_bytes), float(drafter.n_bytes)
        self._gate = 0.0 if gate.weights is None else 2.0 * gate.shape.n_parameters

    def work(self, way: Way, texts: Sequence[WrittenText]) -> WorkFigures:
        """The work of one token."""
        rounds = [event for text in texts for event in text.rounds]
        n_tokens, n_calls = max(1, sum(len(text.ids) for text in texts)), len(rounds)
        n_drafts = sum(len(event.proposed) for event in rounds)
        gate = self._gate * n_drafts if way.verification == "sprinter" else 0.0
        drafting = self._drafter * n_drafts + gate
        # paper differs: it counts one step of the target a call, though the keys of a run have to be computed as well.
        tested = n_calls if way.verification == "sprinter" else n_calls + n_drafts
        return WorkFigures(
            paper_flops=(drafting + self._target * tested) / n_tokens,
            flops=(drafting + self._target * (n_calls + n_drafts)) / n_tokens,
            read_bytes=(self._drafter_bytes * n_drafts + self._target_bytes * n_calls) / n_tokens,
            drafter_steps=n_drafts / n_tokens,
            target_calls=n_calls / n_tokens,
            gate_flops=gate / n_tokens,
        )
