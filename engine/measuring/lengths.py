"""Measures what the length of a text does: plain decoding and several drafters, one length after another.

A prompt is read once into a sequence that all of them share, as far as the forward allows that, and each decodes from
there in turn. Reading and decoding are timed apart."""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from statistics import median
from threading import Event as Flag

from msgspec.structs import replace

from engine import drafters
from engine.decoding.cached_model import SequenceModel
from engine.decoding.drafting import Capabilities
from engine.decoding.generation import whole
from engine.errors import DeviceLost, EngineError
from engine.events import Event, LengthMeasured, LengthsMeasured, LengthsStarted
from engine.fast import attention_kernels
from engine.measuring import blocks, length_figures, prefill
from engine.measuring.blocks import Calls
from engine.measuring.length_figures import AllocatedBytes, LengthCalls
from engine.measuring.length_job import LengthDrafter, LengthsJob, ends_at, predictions
from engine.measuring.prefill import TimedPrompt
from engine.measuring.shared_prompt import SharedPrompt
from engine.measuring.systems import Call
from engine.measuring.whole_count import WholeCount
from engine.models import devices, target_state
from engine.runtime import Cancelled, RunContext

_N_WARM_UP = 8


def measure(job: LengthsJob, cancelled: Flag) -> Iterator[Event]:
    """Yield what will be measured, every length as it is done, and last the end.

    Raises InputError where nothing can be measured, Cancelled soon after the flag is set: the lengths before are kept,
    and their end was yielded."""
    measuring = _Measuring(job, cancelled)
    yield measuring.started()
    kernel = attention_kernels.find(job.target.attention)
    # Our own forward is handed the kernel; modules and captured rounds can only be restricted to it.
    is_handed = job.target.fused is not None and job.target.static is None
    with nullcontext() if is_handed else attention_kernels.restricted(kernel):
        try:
            for length in job.lengths:
                yield from measuring.length(length)
        except Cancelled:
            yield measuring.ended(complete=False)
            raise
    yield measuring.ended(complete=True)


class _Measuring:
    """A job under way."""

    def __init__(self, job: LengthsJob, cancelled: Flag) -> None:
        self._job, self._cancelled = job, cancelled
        self._started_s = time.perf_counter()
        self._predictions = {(each.length, each.drafter): each for each in predictions(job)}
        self._n_measured = self._n_refused = 0
        self._cautions: list[str] = []
        n_blocks = sum(not each.why_not for each in self._predictions.values()) * len(job.texts.texts) * job.repeats
        self._whole = WholeCount(max(1, n_blocks))

    def started(self) -> LengthsStarted:
        """What will be measured; the attention kernels are tried for it."""
        job, target = self._job, self._job.target
        longest = min(max(job.lengths), target.context)
        return LengthsStarted(
            target=target.spec,
            drafters=tuple(drafter.spec for drafter in job.drafters),
            lengths=job.lengths,
            context=target.context,
            text=job.texts.name,
            text_tokens=job.texts.n_tokens,
            first_token=job.texts.first,
            last_token=job.texts.last,
            part=job.texts.part,
            pages=job.texts.pages,
            cut=job.texts.cut,
            n_texts=len(job.texts.texts),
            gamma=job.gamma,
            max_new_tokens=job.config.max_new_tokens,
            repeats=job.repeats,
            prefill_chunk=job.prefill_chunk,
            attention=target.attention,
            device=str(target.device),
            dtype=str(target.dtype).removeprefix("torch."),
            kernels=prefill.checked_kernels(target, longest, job.prefill_chunk, self._checkpoint),
            predictions=tuple(self._predictions.values()),
            free_bytes=devices.free_bytes(target.device),
            timing_pair=target.note,
            tree=",".join(map(str, job.widths)),
        )

    def length(self, length: int) -> Iterator[Event]:
        """Measure every drafter that can be measured at one length, and state why the others cannot."""
        job, n_prompt = self._job, self._job.n_prompt(length)
        able = [each for each in job.drafters if not self._predictions[length, each.spec].why_not]
        rows: dict[str, LengthMeasured] = {}
        if able and able[0].drafter is None:
            prompts = [job.texts.prompt(index, n_prompt) for index in range(len(job.texts.texts))]
            rows = yield from self._measured(length, able, prompts)
        for drafter in job.drafters:
            prediction = self._predictions[length, drafter.spec]
            row = rows.get(drafter.spec) or length_figures.refused(
                prediction, gamma=job.gamma_of(drafter) or job.gamma, n_prompt=n_prompt
            )
            self._n_measured += not row.why_not
            self._n_refused += bool(row.why_not)
            yield replace(row, note=self._note(drafter, row))

    def ended(self, *, complete: bool) -> LengthsMeasured:
        """The end, with what was counted by then."""
        seconds = time.perf_counter() - self._started_s
        cautions = tuple(dict.fromkeys(self._cautions))
        workload = _workload(self._job)
        return LengthsMeasured(self._n_measured, self._n_refused, seconds, cautions, workload, complete)

    def _measured(
        self, length: int, able: Sequence[LengthDrafter], prompts: Sequence[tuple[int, ...]]
    ) -> Generator[Event, None, dict[str, LengthMeasured]]:
        """Time the reading of the first prompt, then all blocks in turn."""
        job, n_prompt = self._job, len(prompts[0])
        reading = _Reading(job, self._checkpoint)
        yield self._whole.add(0)
        reading.time(prompts[0])
        yield reading.timed.result(length, n_prompt)
        lanes = {drafter.spec: _Lane(job, drafter, reading.sequence, self._cancelled) for drafter in able}
        lanes = {name: lane for name, lane in lanes.items() if self._warms_up(length, name, lane, prompts[0])}
        systems = {name: lane.call for name, lane in lanes.items()}
        calls: Calls = {name: [] for name in lanes}
        for prompt in prompts:
            reading.share(prompt)
            interleaved = blocks.noting(blocks.interleave(systems, [prompt] * job.repeats))
            of_prompt, cautions = yield from self._whole.part(interleaved, n_per_unit=len(lanes))
            self._cautions += cautions
            for name in lanes:
                calls[name] += of_prompt[name]
        plain = calls[able[0].spec]
        rows = {}
        for name, lane in lanes.items():
            called = LengthCalls(calls[name], plain, job.repeats, lane.allocated, lane.target_prefill_ms(reading.timed))
            rows[name] = length_figures.measured(
                self._predictions[length, name], called, gamma=lane.gamma, n_prompt=n_prompt,
                greedy=not job.config.temperature, tree=",".join(map(str, lane.widths)),
            )  # fmt: skip
        return rows

    def _warms_up(self, length: int, name: str, lane: "_Lane", prompt: Sequence[int]) -> bool:
        """Decode a little with a drafter; one that fails is left out with the reason, as the others can do without it.

        Raises EngineError where plain decoding fails, Cancelled, DeviceLost."""
        try:
            lane.warm_up(prompt)
        except (Cancelled, DeviceLost):
            raise
        except EngineError as err:
            if name == drafters.NONE:
                raise
            prediction = self._predictions[length, name]
            self._predictions[length, name] = replace(prediction, why_not=err.message, hint=err.hint)
            return False
        return True

    def _note(self, drafter: LengthDrafter, row: LengthMeasured) -> str:
        """What has to be said about a figure: room in the context, and where a drafter's own ends."""
        job, end, n_new = self._job, ends_at(drafter), self._job.config.max_new_tokens
        notes = []
        if row.n_prompt < row.length:
            notes.append(f"{row.n_prompt:,} tokens, which leave room for {n_new} new ones in the context")
        if job.widths and drafter.drafter is not None and not job.widths_of(drafter):
            notes.append(f"it drafts chains only: {job.gamma} tokens a round in place of the tree")
        if not row.why_not and drafter.drafter is not None and end < min(row.n_prompt + n_new, drafter.target.context):
            notes.append(f"it drafts nothing from token {end:,} on, where its own context ends")
        return "; ".join(notes)

    def _checkpoint(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled


class _Reading:
    """Prompts read into the sequence that drafters share.

    sequence: None where nobody could share it. timed: what reading took."""

    def __init__(self, job: LengthsJob, checkpoint: Callable[[], None]) -> None:
        self._target, self._n_new = job.target, job.config.max_new_tokens + sum(job.widths)
        self.timed = TimedPrompt(job.target, job.prefill_chunk, checkpoint)
        self.sequence: SharedPrompt | None = None

    def time(self, ids: Sequence[int]) -> None:
        """Read a prompt as often as a time needs; the last sequence is the one that is shared."""
        while not self.timed.is_enough:
            self.sequence = None  # first, since memory may not hold two
            sequence = SharedPrompt(self._target.sequence())
            sequence.expect(len(ids) + self._n_new)
            self.timed.read(sequence, ids)
            self.sequence = sequence
        if self._target.static is not None:
            self.sequence = None

    def share(self, ids: Sequence[int]) -> None:
        """Read a prompt into the shared sequence, unless it is there."""
        if self.sequence is not None and not self.sequence.holds(ids[:-1]):
            self.sequence.reset()
            self.timed.read(self.sequence, ids)


class _Lane:
    """A drafter at one length. shared: the sequence to decode with, where the forward allows sharing it."""

    def __init__(self, job: LengthsJob, drafter: LengthDrafter, shared: SharedPrompt | None, cancelled: Flag) -> None:
        self._job, self._drafter, self._cancelled = job, drafter, cancelled
        self.gamma, self.widths = job.gamma_of(drafter), job.widths_of(drafter)
        self._shared = shared if _may_share(drafter) else None
        self._config = replace(job.config, stop_at_end=False)
        self.allocated = AllocatedBytes(0, 0, 0)

    def warm_up(self, prompt: Sequence[int]) -> None:
        """Decode a little before anything is timed: first calls allocate, compile and capture."""
        ids = prompt if self._shared is not None else prompt[-64:]
        self._generated(ids, min(_N_WARM_UP, self._config.max_new_tokens))

    def call(self, prompt: Sequence[int]) -> Call:
        """Decode once, and note what is allocated at the end."""
        return self._generated(prompt, self._config.max_new_tokens)

    def target_prefill_ms(self, timed: TimedPrompt) -> float | None:
        """What reading the prompt took the target, where a call does not read it again."""
        return median(timed.times_ms) if self._shared is not None else None

    def _generated(self, prompt: Sequence[int], n_new: int) -> Call:
        lane, config = self._drafter, replace(self._config, max_new_tokens=n_new)
        runtime = RunContext(
            lane.target, lane.drafter, lane.spec, cancelled=self._cancelled, prefill_chunk=self._job.prefill_chunk
        )
        runtime.prepare(config, prompt, gamma=self.gamma, widths=self.widths)
        sequence = self._sequence()
        started = time.perf_counter()
        try:
            rounds, made = whole(
                runtime.generate(config, prompt, gamma=self.gamma, widths=self.widths, sequence=sequence)
            )
            self.allocated = _allocated(lane, sequence)
        finally:
            if lane.drafter is not None:
                lane.drafter.reset()
        wall_ms = 1e3 * (time.perf_counter() - started)
        steps = made.target_step_ms, made.draft_step_ms
        return Call(made.ids, wall_ms, made.decode_ms, tuple(rounds), 0, made.prefill_ms, *steps)

    def _sequence(self) -> SequenceModel | None:
        """The sequence to decode with; None where rounds are captured over memory of their own."""
        if self._drafter.target.static is not None:
            return None
        if self._shared is not None:
            return self._shared
        needed = Capabilities() if self._drafter.drafter is None else self._drafter.drafter.capabilities
        return self._drafter.target.sequence(target_state.hidden_layers(self._drafter.target, needed))


def _may_share(lane: LengthDrafter) -> bool:
    """Whether a drafter may decode from a prompt that others read: one that needs no hidden states of it, over a
    forward that rolls back as far as one likes."""
    reads_hidden = lane.drafter is not None and bool(lane.drafter.capabilities.hidden_layers)
    return lane.target.static is None and lane.target.fused is not None and not reads_hidden


def _allocated(lane: LengthDrafter, sequence: SequenceModel | None) -> AllocatedBytes:
    """Keys and values as they are allocated now."""
    static = lane.target.static
    own = 0 if lane.drafter is None else lane.drafter.cache_bytes()
    has_kv = lane.drafter is not None and drafters.find(lane.spec).kv_bytes is not None
    if static is None:
        assert sequence is not None
        return AllocatedBytes(sequence.bytes(), own if has_kv else 0, own)
    if lane.drafts_in_round:
        own = static.bytes() - static.target_bytes()
    return AllocatedBytes(static.target_bytes(), own if has_kv else 0, own)


def _workload(job: LengthsJob) -> str:
    """What the figures hold for, in words."""
    temperature, n = job.config.temperature, len(job.texts.texts)
    how = f"temperature {temperature:g}" if temperature else "greedy"
    texts = "one text" if n == 1 else f"{n} texts"
    target = job.target
    dtype = str(target.dtype).removeprefix("torch.")
    drafts = f", trees of {','.join(map(str, job.widths))} nodes where a drafter can branch" if job.widths else ""
    return (
        f"{texts} of {job.texts.name}, continued by {job.config.max_new_tokens} tokens, {how}, end-of-text off, "
        f"{job.repeats} blocks of each in turn, on {target.device} in {dtype}{drafts}"
    )
