"""`draftscope scaling ask --preset …`: how much a question may read, decided by a preset, a rule or a fit.

The budget is a hard limit of the effective context: a request is reduced until the most that its prompts can hold fits.
With --escalate a question goes on to the next larger preset while its answer looks bad."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, get_args

import msgspec
import typer

from engine.allocation.optimum import best_under
from engine.allocation.prices import TokenPrices, checked_prices, priced
from engine.cli.options import PairOptions, Settings, decimal
from engine.cli.output import Output, Value
from engine.documents.sources import SHIPPED
from engine.errors import InputError
from engine.events import (
    Allocation,
    AllocationRouted,
    Event,
    PredictedCell,
    PresetName,
    QualityJudged,
    QueryPriced,
    ScalingAnswered,
)
from engine.machine import paths
from engine.methods.drag.config import ReadingConfig
from engine.methods.escalating import presets
from engine.methods.escalating.config import DEFAULT_BUDGET, EscalatingConfig, JudgingScore
from engine.methods.escalating.presets import PRESET_NAMES, RouteRequest, bound_over_index
from engine.settings import make_config

if TYPE_CHECKING:
    from engine.session.session import Session

_ROUTES = (*PRESET_NAMES, "keywords", "fit", "gain")
Preset = Annotated[
    str, typer.Option(help=f"how much to read: {', '.join(_ROUTES)}; in place of --k, --m and --n", show_default=False)
]
Budget = Annotated[int | None, typer.Option(help="input tokens that the question may take in all calls together")]
Escalate = Annotated[float | None, decimal("from small on to the next preset while the quality score is below this")]
Quality = Annotated[
    str,
    typer.Option(help=f"the score that --escalate goes by: {', '.join(get_args(JudgingScore))}", show_default=False),
]
InputPrice = Annotated[float | None, decimal("of a million input tokens, to state the cost")]
OutputPrice = Annotated[float | None, decimal("of a million output tokens")]


class Routing(NamedTuple):
    """What decides how much is read. escalate: the least quality of an answer, None: the first one is taken."""

    preset: str
    budget: int | None
    escalate: float | None
    prices: TokenPrices | None
    quality: JudgingScore = "probability"

    @property
    def is_wanted(self) -> bool:
        """Whether anything but the settings decides."""
        return bool(self.preset) or self.budget is not None or self.escalate is not None


def routing_of(
    preset: str, budget: int | None, escalate: float | None, input_price: float | None, output_price: float | None,
    quality: str = "",
) -> Routing:  # fmt: skip
    """Check the options. Raises InputError."""
    if preset and preset not in _ROUTES:
        raise InputError(f"preset = {preset[:40]}: is not known", f"use {', '.join(_ROUTES)}")
    if budget is not None and budget < 1:
        raise InputError(f"budget = {budget}: must be >= 1", "write for instance --budget 4000")
    if escalate is not None and not 0 < escalate <= 1:
        raise InputError(f"escalate = {escalate:g}: must be > 0, at most 1", "write for instance --escalate 0.5")
    if escalate is not None and preset in ("keywords", "fit", "gain"):
        raise InputError(f"--escalate goes through presets, not {preset}", "leave --preset out, or name the first one")
    if quality and escalate is None:
        raise InputError("--quality names the score that --escalate goes by", "add for instance --escalate 0.5")
    if quality and quality not in get_args(JudgingScore):
        raise InputError(f"quality = {quality[:40]}: is not known", f"use {', '.join(get_args(JudgingScore))}")
    score: JudgingScore = msgspec.convert(quality or "probability", JudgingScore)
    return Routing(preset, budget, escalate, checked_prices(input_price, output_price), score)


def escalating_settings(routing: Routing, settings: Settings) -> Settings:
    """The settings of the method that goes from small to large. Raises InputError: one is out of its bounds."""
    shared = {name: value for name, value in settings.items() if name in ReadingConfig.__struct_fields__}
    assert routing.escalate is not None
    own: Settings = {
        **shared, "escalate_below": routing.escalate, "quality": routing.quality, "first": routing.preset or "small",
        "budget": routing.budget or DEFAULT_BUDGET,
    }  # fmt: skip
    make_config(EscalatingConfig, own)
    return own


def request_of(routing: Routing, question: str, own: Allocation, target: str) -> RouteRequest:
    """What is asked for; own: what the settings say, where only a budget is given.

    Raises InputError: there is no sweep to fit, no combination fits the budget."""
    budget = routing.budget or DEFAULT_BUDGET
    if routing.preset == "keywords":
        return presets.of_keywords(question, budget)
    if routing.preset == "fit":
        return presets.of_fit(best_under(_fitted(_swept(target)), budget).cell)
    if routing.preset == "gain":
        return _of_gain(_swept(target), question, budget)
    if routing.preset:
        return presets.of_preset(_preset(routing.preset))
    return RouteRequest("preset", own, "the settings")


def requested(routing: Routing, question: str, settings: Settings, target: str) -> RouteRequest:
    """What is asked for, by k, m and n of the settings where only a budget is given; raises as `request_of`."""
    own = Allocation(*(int(str(settings[name])) for name in ("k", "m", "n")))
    return request_of(routing, question, own, target)


def _preset(name: str) -> PresetName:
    preset: PresetName = msgspec.convert(name, PresetName)
    return preset


def _swept(target: str) -> Path:
    """The newest sweep of a target."""
    from engine.allocation import sweep_file
    from engine.models import checkpoint_folder

    return sweep_file.newest(checkpoint_folder.fingerprint(target))


def _fitted(path: Path) -> tuple[PredictedCell, ...]:
    from engine.allocation.report import fitted_sweep

    return fitted_sweep(path, "paper", "accuracy").predictions


def _of_gain(path: Path, question: str, budget: int) -> RouteRequest:
    """What the fit chooses, among cells that iterate only if the question's words make that worth while."""
    from engine.allocation import sweep_file
    from engine.allocation.iterating_gain import learned

    model = learned(sweep_file.read(path).answers)
    iterates = model.iterates(question)
    cells = [cell for cell in _fitted(path) if iterates or cell.allocation.n == 1]
    return presets.of_gain(best_under(cells, budget).cell, model.expected(question))


class RoutedQuestion:
    """A question on its way through its requests: what each took, and how good its answer looked."""

    def __init__(self, routing: Routing) -> None:
        self._routing = routing
        self._routed: AllocationRouted | None = None
        self._answer: ScalingAnswered | None = None
        self._read_before = self._written_before = 0
        self._judged: list[QualityJudged] = []

    def take(self, event: Event) -> None:
        """Remember what was allotted, the answer to it, and the judgement."""
        match event:
            case AllocationRouted():
                if self._answer is not None:
                    self._read_before += self._answer.effective_context
                    self._written_before += self._answer.output_tokens
                self._routed, self._answer = event, None
            case ScalingAnswered():
                self._answer = event
            case QualityJudged():
                self._read_before += event.tokens
                self._judged.append(event)

    def priced(self) -> QueryPriced | None:
        """What all of it took; None without an answer."""
        if self._answer is None or self._routed is None:
            return None
        routing = self._routing
        before = self._read_before, self._written_before
        return priced(self._answer, self._routed.allocated, routing.budget, routing.prices, before)

    def summary(self) -> dict[str, Value]:
        """Fields for the summary of the answer."""
        price = self.priced()
        return {
            "routed": None if self._routed is None else msgspec.to_builtins(self._routed),
            "judged": [msgspec.to_builtins(judged) for judged in self._judged],
            "priced": None if price is None else msgspec.to_builtins(price),
        }


class RoutedAsking(NamedTuple):
    """What a routed question is asked with."""

    session: "Session"
    pair: PairOptions
    settings: Settings
    routing: Routing
    output: Output


def routed(asking: RoutedAsking, text: str) -> AllocationRouted:
    """What a question gets within its budget. Raises InputError: there is no sweep, not even the question fits."""
    routing = asking.routing
    request = requested(routing, text, asking.settings, asking.pair.target)
    return presets.within_budget(request, routing.budget or DEFAULT_BUDGET, _bound(asking, text))


def in_words(event: AllocationRouted | QualityJudged) -> str:
    """What was requested and what it became, or how good an answer looks, in a sentence."""
    if isinstance(event, QualityJudged):
        score = {"self_consistency": "agreement of sampled answers", "self_reflect": "self-reflection"}
        name = score.get(event.score, "probability of the answer")
        side = "below" if event.value < event.threshold else "not below"
        more = f", judged with {event.tokens:,} tokens" if event.tokens else ""
        return f"{name} {event.value:.2f}, {side} {event.threshold:.2f}{more}"
    asked, got = event.requested, event.allocated
    label = f", labelled {event.label}" if event.label else ""
    return (
        f"{event.why}: k {got.k}, m {got.m}, n {got.n}, at most {event.bound_tokens:,} of {event.budget:,} tokens"
        f" (k {asked.k}, m {asked.m}, n {asked.n} asked for{label}: {event.article_tokens:,} tokens by the popular"
        f" article, {event.structure_tokens:,} by the paper's structure)"
    )


def _bound(asking: RoutedAsking, text: str) -> Callable[[Allocation], float]:
    """The most tokens by the index's passages; an index of the shipped documents is made first if necessary."""
    from engine.documents.index import open_index
    from engine.rag.library import opened

    index = str(asking.settings["index"])
    for event in opened(index, asking.session):
        asking.output.event(event)
    recipe = open_index(paths.own_index([index]) if index in SHIPPED else index).head.recipe
    target = asking.session.target
    assert target is not None
    n_question = len(target.tokenizer(text, add_special_tokens=False)["input_ids"])
    return bound_over_index(recipe.chunk_tokens, n_question, int(str(asking.settings["max_new_tokens"])))
