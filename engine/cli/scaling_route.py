"""`draftscope scaling ask --preset …`: how much a question may read, decided by a preset, a rule or a fit.

The budget is a hard limit of the effective context: a request is reduced until the most that its prompts can hold fits.
With --escalate a question goes on to the next larger preset while its answer looks bad."""

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import typer

from engine.allocation import presets
from engine.allocation.optimum import best_under
from engine.allocation.presets import PRESET_NAMES, RouteRequest, structural_bound
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

if TYPE_CHECKING:
    from engine.session.session import Session

_ROUTES = (*PRESET_NAMES, "keywords", "fit", "gain")
DEFAULT_BUDGET = 128_000  # the popular article's
# Tokens of a prompt around its documents: the task, labels and numbers, generously.
_AROUND_DOCUMENT, _AROUND_QUESTION = 12, 96
Preset = Annotated[
    str, typer.Option(help=f"how much to read: {', '.join(_ROUTES)}; in place of --k, --m and --n", show_default=False)
]
Budget = Annotated[int | None, typer.Option(help="input tokens that the question may take in all calls together")]
Escalate = Annotated[
    float | None, decimal("from small on to the next preset while the answer's own probability is below this")
]
InputPrice = Annotated[float | None, decimal("of a million input tokens, to state the cost")]
OutputPrice = Annotated[float | None, decimal("of a million output tokens")]


class Routing(NamedTuple):
    """What decides how much is read. escalate: the least probability of an answer, None: the first one is taken."""

    preset: str
    budget: int | None
    escalate: float | None
    prices: TokenPrices | None

    @property
    def is_wanted(self) -> bool:
        """Whether anything but the settings decides."""
        return bool(self.preset) or self.budget is not None or self.escalate is not None


def routing_of(
    preset: str, budget: int | None, escalate: float | None, input_price: float | None, output_price: float | None
) -> Routing:
    """Check the options. Raises InputError."""
    if preset and preset not in _ROUTES:
        raise InputError(f"preset = {preset[:40]}: is not known", f"use {', '.join(_ROUTES)}")
    if budget is not None and budget < 1:
        raise InputError(f"budget = {budget}: must be >= 1", "write for instance --budget 4000")
    if escalate is not None and not 0 < escalate <= 1:
        raise InputError(f"escalate = {escalate:g}: must be > 0, at most 1", "write for instance --escalate 0.5")
    if escalate is not None and preset in ("keywords", "fit", "gain"):
        raise InputError(f"--escalate goes through presets, not {preset}", "leave --preset out, or name the first one")
    return Routing(preset, budget, escalate, checked_prices(input_price, output_price))


def requests(routing: Routing, question: str, own: Allocation, target: str) -> Iterator[RouteRequest]:
    """The requests in the order they are asked in; own: what the settings say, where only a budget is given.

    Raises InputError: there is no sweep to fit, no combination fits the budget."""
    budget = routing.budget or DEFAULT_BUDGET
    if routing.escalate is not None:
        first = PRESET_NAMES.index(_preset(routing.preset or "small"))
        for name in PRESET_NAMES[first:]:
            yield presets.of_preset(name)._replace(route="escalation")
    elif routing.preset == "keywords":
        yield presets.of_keywords(question, budget)
    elif routing.preset == "fit":
        yield presets.of_fit(best_under(_fitted(_swept(target)), budget).cell)
    elif routing.preset == "gain":
        yield _of_gain(_swept(target), question, budget)
    elif routing.preset:
        yield presets.of_preset(_preset(routing.preset))
    else:
        yield RouteRequest("preset", own, "the settings")


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


def bound_of(chunk_tokens: int, question_tokens: int, max_new_tokens: int) -> Callable[[Allocation], float]:
    """The most a question may take. chunk_tokens: of a document at most; max_new_tokens: of a written line at most."""
    per_step = 2 * (max_new_tokens + _AROUND_DOCUMENT)
    return structural_bound(chunk_tokens + _AROUND_DOCUMENT, question_tokens + _AROUND_QUESTION, per_step)


class RoutedStep(NamedTuple):
    """One request as it is asked: its method, and the settings with its k, m and n."""

    method: str
    settings: Settings


class RoutedQuestion:
    """A question on its way through its requests: what each took, and whether its answer is taken."""

    def __init__(self, routing: Routing) -> None:
        self._routing = routing
        self._routed: AllocationRouted | None = None
        self._answer: ScalingAnswered | None = None
        self._read_before = self._written_before = 0
        self._judged: list[QualityJudged] = []

    def begin(self, routed: AllocationRouted) -> None:
        """Begin to ask with an allocation."""
        if self._answer is not None:
            self._read_before += self._answer.effective_context
            self._written_before += self._answer.output_tokens
        self._routed, self._answer = routed, None

    def take(self, event: Event) -> None:
        """Remember the answer."""
        if isinstance(event, ScalingAnswered):
            self._answer = event

    def judge(self) -> QualityJudged | None:
        """Whether the answer is good enough; None where nothing is to be judged."""
        threshold, routed = self._routing.escalate, self._routed
        if threshold is None or routed is None or routed.preset is None:
            return None
        value = 0.0 if self._answer is None or self._answer.answer is None else self._answer.probability
        is_last = routed.preset == PRESET_NAMES[-1]
        judged = QualityJudged(routed.preset, "probability", value, threshold, value < threshold and not is_last)
        self._judged.append(judged)
        return judged

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

    @property
    def tokens(self) -> int:
        """Read so far, in all requests."""
        return self._read_before + (0 if self._answer is None else self._answer.effective_context)


class RoutedAsking(NamedTuple):
    """What a routed question is asked with."""

    session: "Session"
    pair: PairOptions
    settings: Settings
    routing: Routing
    output: Output


def routed_steps(asking: RoutedAsking, text: str, question: RoutedQuestion, flag: Flag) -> Iterator[RoutedStep]:
    """The steps to be asked one after another; whoever asks hands the events of each to `question`.

    Ends once an answer is good enough, or what is left of the budget allows no further step. Raises InputError."""
    routing, output = asking.routing, asking.output
    budget = routing.budget or DEFAULT_BUDGET
    bound = _bound(asking, text)
    own = Allocation(*(int(str(asking.settings[name])) for name in ("k", "m", "n")))
    for request in requests(routing, text, own, asking.pair.target):
        try:
            routed = presets.within_budget(request, budget - question.tokens, bound)
        except InputError as err:
            if not question.tokens:
                raise
            output.note(f"the budget is spent: {err.message}")
            return
        question.begin(routed)
        output.event(routed)
        output.note(_words(routed))
        cell = routed.allocated
        theta: Settings = {"k": cell.k, "m": cell.m, "n": cell.n}
        yield RoutedStep("iterdrag" if cell.n > 1 else "drag", {**asking.settings, **theta})
        judged = question.judge()
        if flag.is_set() or judged is None:
            return
        output.event(judged)
        word = "below" if judged.value < judged.threshold else "not below"
        output.note(f"probability of the answer {judged.value:.2f}, {word} {judged.threshold:.2f}")
        if not judged.escalates:
            return


def _words(routed: AllocationRouted) -> str:
    """What was requested and what it became, in a sentence."""
    asked, got = routed.requested, routed.allocated
    label = f", labelled {routed.label}" if routed.label else ""
    return (
        f"{routed.why}: k {got.k}, m {got.m}, n {got.n}, at most {routed.bound_tokens:,} of {routed.budget:,} tokens"
        f" (k {asked.k}, m {asked.m}, n {asked.n} asked for{label}: {routed.article_tokens:,} tokens by the popular"
        f" article, {routed.structure_tokens:,} by the paper's structure)"
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
    return bound_of(recipe.chunk_tokens, n_question, int(str(asking.settings["max_new_tokens"])))
