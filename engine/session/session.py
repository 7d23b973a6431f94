"""The models that are loaded and the runs made with them; the torch side of a host, also used by the commands."""

import gc
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Event as Flag
from typing import TypeVar, cast

import torch
from msgspec.structs import replace

from engine import drafters, methods
from engine.commands import Evaluate, Measure
from engine.decoding.drafting import Drafter
from engine.documents import embedding, indexing, jobs
from engine.documents.embedding import Embedder
from engine.documents.encoder_folder import BUILTIN
from engine.documents.target_tokens import tokens_of
from engine.errors import EngineError, InputError
from engine.evaluation.file import QuestionLine
from engine.evaluation.run import EvaluationPlan, Opened, evaluate
from engine.events import Estimated, Event, ModelLoaded, ModelOption, ModelUnloaded, Progressed, Setting
from engine.events.evaluation import Figures
from engine.machine import threads
from engine.machine.out_of_memory import memory_errors
from engine.machine.quiet import quiet_libraries
from engine.method import MethodSpec
from engine.models import checkpoint_folder, checks, devices, fastest_dtype, load_plan, loading
from engine.models.loading import LoadedModel, Pair
from engine.models.quantize import parse_quantize
from engine.models.survey import survey
from engine.rag.library import opened
from engine.rag.memo import Memo
from engine.runtime import DocumentResources, RunContext
from engine.session import evaluate as evaluating
from engine.session import measure as measuring
from engine.settings import Request, make_config
from engine.training.drafter import train_drafter
from engine.training.drafter_config import DrafterConfig
from engine.training.job import DrafterJob, estimated

Item = TypeVar("Item")
NO_DRAFTER = "none"
_SHORTER = "shorten the prompt or the run, or use a smaller model"


class Session:
    """At most one target and drafter in memory."""

    def __init__(self) -> None:
        quiet_libraries()
        threads.use_usable_cores()
        self.target: LoadedModel | None = None
        self.models: Pair | None = None
        self.drafter: Drafter | None = None
        self.drafter_spec = NO_DRAFTER
        self._embedder: tuple[tuple[str, str, str], Embedder] | None = None
        self.memo = Memo()

    def load(
        self,
        target: str,
        drafter: str,
        *,
        device: str = "auto",
        drafter_device: str = "auto",
        dtype: str = "auto",
        runtime: str = "auto",
        quantize: str = "none",
    ) -> Iterator[Event]:
        """Load a pair, replacing the one before once the new one is complete; yields estimate, progress, ModelLoaded.

        Raises InputError, ModelError, MemoryExhausted; the pair before stays loaded."""
        started = time.perf_counter()
        planned = _plan(
            target,
            drafter,
            device=device,
            drafter_device=drafter_device,
            dtype=dtype,
            runtime=runtime,
            quantize=quantize,
        )
        if dtype == devices.FASTEST:
            planned = _in_fastest(planned, measure=True)
        pair: Pair | None = None
        with closing(cast(Generator[Progressed | Estimated | Pair, None, None], loading.load_pair(planned))) as steps:
            for item in steps:
                if isinstance(item, Pair):
                    pair = item
                else:
                    yield item if isinstance(item, Progressed) else replace(item, drafter=drafter)
        assert pair is not None
        made = None if drafter == NO_DRAFTER else drafters.build(drafter, pair.target, pair.drafter)
        self.models, self.target, self.drafter, self.drafter_spec = pair, pair.target, made, drafter
        self.memo.forget_models()
        yield replace(_loaded(pair, drafter, time.perf_counter() - started), why_dtype=planned.why_dtype)

    def estimate(
        self,
        target: str,
        drafter: str,
        *,
        device: str = "auto",
        drafter_device: str = "auto",
        dtype: str = "auto",
        runtime: str = "auto",
        quantize: str = "none",
    ) -> Iterator[Event]:
        """Yield what loading a pair would take and why it would be refused, if it would; reads headers only."""
        needed = Estimated(0, 0, 0, 0, device, target)
        try:
            planned = _plan(
                target,
                drafter,
                device=device,
                drafter_device=drafter_device,
                dtype=dtype,
                runtime=runtime,
                quantize=quantize,
            )
            if dtype == devices.FASTEST:
                planned = _in_fastest(planned, measure=False)
            needed = load_plan.estimate_pair(planned)
            load_plan.refuse_pair(planned, needed)
            yield replace(needed, drafter=drafter)
        except EngineError as err:
            yield replace(needed, drafter=drafter, why_not=err.message)

    def survey(self, target: str, known: Sequence[str], *, device: str, dtype: str, cancelled: Flag) -> Iterator[Event]:
        """Yield which models and drafters without one there are, and why one would be refused; known: folders to look
        at beside the cache."""
        found = survey(target, known, device=device, dtype=dtype, cancelled=cancelled)
        others = (ModelOption(offered.spec, offered.help, 0, "drafter") for offered in drafters.offered())
        yield replace(found, options=(*found.options, *others))

    def unload(self) -> Iterator[Event]:
        """Release the models."""
        self.models, self.target, self.drafter, self.drafter_spec = None, None, None, NO_DRAFTER
        self._embedder, self.memo = None, Memo()
        release_memory()
        yield ModelUnloaded()

    def train(
        self,
        target: str,
        data: str,
        out: str,
        settings: Mapping[str, Setting],
        *,
        device: str,
        dtype: str,
        resume: bool,
        cancelled: Flag,
    ) -> Iterator[Event]:
        """Train a drafter, on the loaded target where it is the one asked for; see `train_drafter` for its events."""
        job = _job(target, data, out, settings, device=device, dtype=dtype, resume=resume)
        try:
            yield from train_drafter(job, cancelled, loaded=self._loaded_target(job))
        finally:
            release_memory()

    def estimate_training(
        self,
        target: str,
        data: str,
        out: str,
        settings: Mapping[str, Setting],
        *,
        device: str,
        dtype: str,
        resume: bool,
    ) -> Iterator[Event]:
        """Yield what a training would take, and why it would be refused, if it would."""
        job = _job(target, data, out, settings, device=device, dtype=dtype, resume=resume)
        yield estimated(job, loaded=self._loaded_target(job) is not None)

    def index(
        self,
        sources: Sequence[str],
        index: str,
        *,
        embedder: str = BUILTIN,
        target: str = "builtin",
        chunk_tokens: int = 0,
        n: int = 10,
        device: str = "auto",
        dtype: str = "auto",
        rebuild: bool = False,
    ) -> Iterator[Event]:
        """Make the index of documents or bring it up to date; see `indexing` for its events."""
        tokens = tokens_of(target)
        most = chunk_tokens or tokens.fitting(n)
        job = jobs.IndexJob(tuple(sources), index, most, target, tokens.fingerprint, rebuild)
        made = yield from self.embedder(embedder, device=device, dtype=dtype)
        with memory_errors("the indexing", "use a smaller embedder, or free memory"):
            yield from indexing.index(job, made, tokens)

    def embedder(self, spec: str, *, device: str = "auto", dtype: str = "auto") -> Generator[Event, None, Embedder]:
        """Yield the progress of loading an embedder; returns it, at once where it is the one in memory."""
        key = (spec, device, dtype)
        if self._embedder is None or self._embedder[0] != key:
            self._embedder = None
            for item in embedding.load(spec, device=device, dtype=dtype):
                if isinstance(item, Embedder):
                    self._embedder = key, item
                else:
                    yield item
        assert self._embedder is not None
        return self._embedder[1]

    def _loaded_target(self, job: DrafterJob) -> LoadedModel | None:
        """The target in memory, if it is that of the job."""
        on, found = devices.parse_device(job.device), self.target
        if found is None or found.spec != job.target or found.device != on or found.quantize != "none":
            return None
        return found if found.dtype == devices.parse_dtype(job.dtype, found.device) else None

    def run(self, method: str, settings: Mapping[str, Setting], request: Request, cancelled: Flag) -> Iterator[Event]:
        """Run a method on the loaded pair. Raises InputError before anything starts; see the method for its events."""
        spec = methods.find(method)
        config = make_config(spec.config, settings)
        if self.target is None:
            raise InputError("no model is loaded", "load a target first")
        self._refuse_without_drafter(spec)
        yield from self._with(self._runtime(self.target, cancelled), partial(spec.run, config, request))

    def evaluate(
        self, plan: EvaluationPlan, cancelled: Flag
    ) -> Generator[Event | Opened | QuestionLine | Figures, None, None]:
        """Ask the loaded pair questions with known answers; see `rag.evaluation` for what it yields."""
        if self.target is None:
            raise InputError("no model is loaded", "load a target first")
        runtime = self._runtime(self.target, cancelled)
        yield from self._with(runtime, partial(evaluate, plan, librarian=self))

    def evaluation(self, asked: Evaluate, cancelled: Flag) -> Iterator[Event]:
        """Ask the loaded pair questions with known answers; see `evaluating` for its events."""
        yield from evaluating.events_of(self.evaluate(evaluating.planned(asked), cancelled), cancelled)

    def _runtime(self, target: LoadedModel, cancelled: Flag) -> RunContext:
        shelves = self._shelves(target)
        return RunContext(target, self.drafter, self.drafter_spec, cancelled=cancelled, shelves=shelves)

    def _with(self, runtime: RunContext, work: Callable[[RunContext], Iterator[Item]]) -> Iterator[Item]:
        """What work says that uses the loaded pair; the pair is as before after it."""
        try:
            with torch.inference_mode(), memory_errors("the run", _SHORTER):
                yield from work(runtime)
        finally:
            if self.drafter is not None:
                self.drafter.reset()

    def _shelves(self, target: LoadedModel) -> DocumentResources:
        """What methods over documents need; indexes are opened with encoders on the target's device."""
        drafter = None if self.models is None else self.models.drafter
        return DocumentResources(drafter, partial(opened, librarian=self, device=str(target.device)), self.memo)

    def measure(self, asked: Measure, cancelled: Flag) -> Iterator[Event]:
        """Measure the loaded pair; yields progress and, after every point, all there is so far.

        Raises InputError where there is no pair of two models, or no room for a text."""
        if self.models is None or self.models.drafter is None:
            what = "no pair is loaded" if self.models is None else f"{self.drafter_spec} is no drafter model"
            raise InputError(what, "choose a model as drafter in the setup: its steps are what is timed")
        yield from measuring.measure(self.models, asked, cancelled)

    def recover(self) -> None:
        """After a fault: give back what the run still held, and room that it may have left half made."""
        if self.target is not None and self.target.static is not None:
            self.target.static.clear()
        release_memory()

    def _refuse_without_drafter(self, spec: MethodSpec) -> None:
        if spec.drafted and self.drafter is None:
            raise InputError(f"{spec.title} needs a drafter", "load one, or choose plain decoding")


def _job(
    target: str, data: str, out: str, settings: Mapping[str, Setting], *, device: str, dtype: str, resume: bool
) -> DrafterJob:
    if not out.strip():
        raise InputError("the drafter has no folder", "name a new one")
    config = make_config(DrafterConfig, settings)
    return DrafterJob(target, Path(data) if data.strip() else None, Path(out), config, device, dtype, resume)


def release_memory() -> None:
    """Give memory back to the system as far as torch allows.

    Beside a window the engine has a thread of its own, and collecting there could delete the window's objects on the
    wrong thread: the window collects on its own."""
    if threading.current_thread() is threading.main_thread():
        gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _plan(
    target: str, drafter: str, *, device: str, drafter_device: str, dtype: str, runtime: str, quantize: str
) -> load_plan.LoadPlan:
    on = devices.parse_device(device)
    drafter_on = on if drafter_device == "auto" else devices.parse_device(drafter_device)
    devices.parse_dtype(dtype, on)
    chosen, bits = devices.parse_runtime(runtime), parse_quantize(quantize, on)
    needs_model = drafter != NO_DRAFTER and drafters.find(drafter).needs_model
    small = checkpoint_folder.inspect(drafter, drafter=True) if needs_model else None
    return load_plan.plan(checkpoint_folder.inspect(target), small, on, drafter_on, dtype)._replace(
        runtime=chosen, quantize=bits
    )


def _in_fastest(planned: load_plan.LoadPlan, *, measure: bool) -> load_plan.LoadPlan:
    """The plan in the type that multiplies the target's matrices fastest, as far as that is known or may be measured.

    A drafter elsewhere keeps what `auto` means there."""
    choice = fastest_dtype.choose(checks.configuration(planned.target), planned.device, measure=measure)
    kind = devices.parse_dtype(choice.dtype, planned.device)
    beside = kind if planned.drafter_device == planned.device else planned.drafter_dtype
    return planned._replace(dtype=kind, drafter_dtype=beside, why_dtype=choice.why)


def _loaded(pair: Pair, drafter: str, seconds: float) -> ModelLoaded:
    target = pair.target
    return ModelLoaded(
        target=target.spec,
        drafter=drafter,
        device=str(target.device),
        dtype=str(target.dtype).removeprefix("torch."),
        context=target.context,
        weights_bytes=target.n_bytes,
        drafter_bytes=pair.drafter.n_bytes if pair.drafter is not None else 0,
        seconds=seconds,
        runtime=target.runtime,
        why_modules=target.why_modules,
        drafter_runtime=None if pair.drafter is None else pair.drafter.runtime,
        why_drafter_modules="" if pair.drafter is None else pair.drafter.why_modules,
        graphs=target.graphs,
        n_threads=torch.get_num_threads(),
        quantize=target.quantize,
    )
