"""What a running method can use: the loaded pair, decoders over it, the clock, and the cancel flag."""

import copy
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from threading import Event as Flag
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from engine.decoding.cached_model import PREFILL_CHUNK, SequenceModel
from engine.decoding.clock import Clock, clock_for
from engine.decoding.drafting import Capabilities, Drafter, expect_length
from engine.decoding.generation import Generation, GenerationEvent, Limits, generate
from engine.decoding.generation_rules import NO_RULES, GenerationRules
from engine.decoding.kept_sequence import KeptSequence
from engine.decoding.policies.calibration import LengthTiming
from engine.decoding.policies.choosing import policy_for, predicts
from engine.decoding.policies.policy import DraftPolicy
from engine.decoding.policies.round_times import RoundTimes
from engine.decoding.ruled_text import RuledText
from engine.decoding.sampling import Warp
from engine.decoding.speculate import Decoder, Decoding
from engine.decoding.tree_verifying import tree_verifier
from engine.decoding.verifying import chain_verifier
from engine.drafters import DraftsInRound
from engine.errors import EngineError, InputError
from engine.events import Event
from engine.fast.static_decoder import StaticDecoder
from engine.models import devices, target_state, tree_fit
from engine.models.chat_template import asked_as_chat
from engine.models.conversation import with_system
from engine.models.loading import LoadedModel
from engine.models.prompt_encoding import encode_prompt
from engine.prompts import Message
from engine.settings import ChatChoice, ChatConfig, GenerationConfig, Request

if TYPE_CHECKING:
    from engine.rag.demonstration_pool import DemonstrationPool, PoolRequest
    from engine.rag.library import Library
    from engine.rag.memo import Memo
    from engine.sprinter.files import PairGate


# Rounds are timed after so many ids of a prompt.
_CALIBRATION_CONTEXT = 64
_MERGED = "the chat template of {} has no place for a system prompt: it stands before the first question"

_AS_WRITTEN = "nothing needs to be done; the chat template (--chat) writes control tokens where it needs them"


class Cancelled(EngineError):
    """The user stopped the run; everything so far is kept."""

    def __init__(self) -> None:
        super().__init__("stopped by the user", "run again to continue")


class DocumentResources(NamedTuple):
    """What methods over documents need besides the pair: the drafter as a model (None if it is not one), indexes by
    their SPEC, earlier results, and the pool that demonstrations are chosen from (None where nothing makes one)."""

    drafter: LoadedModel | None
    open: "Callable[[str], Generator[Event, None, Library]]"
    memo: "Memo"
    pool: "Callable[[PoolRequest, RunContext], Generator[Event, None, DemonstrationPool]] | None" = None


class Provenance(NamedTuple):
    """What a figure depends on besides its settings: the processor, and hashes of the models by role."""

    processor: str = ""
    hashes: tuple[tuple[str, str], ...] = ()


class AskedPrompt(NamedTuple):
    """A prompt as ids. messages: the conversation, where it is asked as chat. warning: what was changed in it, and the
    way out of that."""

    ids: tuple[int, ...]
    messages: tuple[Message, ...] = ()
    warning: str = ""
    way_out: str = "put it into the question yourself to have it elsewhere"


class RunContext:
    """One run's view of the engine. `cancelled` is set from outside to stop the run."""

    def __init__(
        self,
        target: LoadedModel,
        drafter: Drafter | None,
        drafter_spec: str,
        *,
        cancelled: Flag,
        documents: "DocumentResources | None" = None,
        provenance: Provenance | None = None,
        prefill_chunk: int = PREFILL_CHUNK,
        round_times: RoundTimes | None = None,
        gate: "PairGate | None" = None,
    ) -> None:
        """prefill_chunk: how many ids of a prompt are read at once. round_times: what policies know of this pair's
        rounds from earlier runs. gate: opened before for all generations of a lane; None where a run opens its own."""
        self.gate = gate
        self.round_times = round_times or RoundTimes()
        self.prefill_chunk = prefill_chunk
        self.target = target
        self.drafter = drafter
        self.drafter_spec = drafter_spec
        self.documents = documents
        self.provenance = provenance or Provenance()
        self.clock: Clock = clock_for(target.device)
        self._cancelled = cancelled
        self._possible_widths: set[tuple[int, ...]] = set()
        self._started = time.perf_counter()

    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self._started

    def checkpoint(self) -> None:
        """Raises Cancelled if the user asked to stop. Call it at least once a second."""
        if self._cancelled.is_set():
            raise Cancelled

    def asking(self, chat: ChatChoice) -> "RunContext":
        """The same run with both models asked as chosen. Raises InputError where one has no chat template for it."""
        context = copy.copy(self)
        context.target = self.target.asked(chat)
        documents = self.documents
        if documents is not None and documents.drafter is not None:
            context.documents = documents._replace(drafter=documents.drafter.asked(chat))
        return context

    def decoder(
        self,
        config: GenerationConfig,
        *,
        gamma: int,
        n_most: int,
        widths: tuple[int, ...] = (),
        sequence: SequenceModel | None = None,
    ) -> Decoding:
        """A decoder of one sequence of at most n_most ids; with gamma 0 it never drafts.

        widths: how many nodes its drafts have at each depth; empty for chains. sequence: of the target, to be used in
        place of a new one where rounds are not captured, which they never are over one that keeps its cache. Use one
        decoder at a time: the next one may reuse the cache of the last. Raises InputError where a tree cannot be
        drafted or read."""
        drafter, static = self.drafter if gamma else None, self.target.static
        expect_length(drafter, n_most)
        needed = Capabilities() if drafter is None else drafter.capabilities
        layers, handles = target_state.hidden_layers(self.target, needed), target_state.handles(self.target, needed)
        warp, rules = warp_of(config), ruled_text(self.target, config, n_most=n_most)
        if drafter is None:
            widths = ()
        self.refuse_unfit_tree(widths)
        verifier, stop_below = chain_verifier(config.accept_rule), 0.0
        if drafter is not None and config.draft_policy.name == "confidence":
            stop_below = config.draft_policy.confidence
            self._refuse_without_confidence(needed)
        kept = isinstance(sequence, KeptSequence)
        # Captured rounds have no drafter in the target's own cache, no trees, do not read the text before a token, and
        # do not end a draft before its last one.
        if static is None or needed.first_layers or rules is not None or widths or kept or stop_below:
            sequence = sequence or self.target.sequence(layers)
            sequence.expect(n_most + sum(widths))
            return Decoder(
                sequence, drafter, warp=warp, seed=config.seed, clock=self.clock, handles=handles, verifier=verifier,
                tree_verifier=tree_verifier(config.accept_rule), rules=rules, widths=widths,
                stop_below=stop_below, prefill_chunk=self.prefill_chunk,
            )  # fmt: skip
        fused = drafter.fused() if isinstance(drafter, DraftsInRound) else None
        return StaticDecoder(
            static, drafter if fused is None else None, fused,
            n_most=min(n_most, self.target.context), warp=warp, seed=config.seed, clock=self.clock,
            hidden_layers=layers, handles=handles, verifier=verifier, prefill_chunk=self.prefill_chunk,
        )  # fmt: skip

    def refuse_unfit_tree(self, widths: tuple[int, ...]) -> None:
        """Raises InputError where this pair cannot decode trees of these widths; for none, do nothing."""
        if not widths or widths in self._possible_widths:
            return
        tree_fit.refuse(self.target, self.drafter, self.drafter_spec, widths)
        self._possible_widths.add(widths)

    def prepare(
        self, config: GenerationConfig, ids: Sequence[int], *, gamma: int, widths: tuple[int, ...] = ()
    ) -> None:
        """Capture the graphs that a generation from these ids will replay, and time rounds of the lengths between which
        its policy will choose by their times; without either, do nothing."""
        decoder = self.decoder(config, gamma=gamma, n_most=len(ids) + config.max_new_tokens, widths=widths)
        policy = self._policy(config, gamma, widths)
        if isinstance(decoder, StaticDecoder):
            decoder.prepare(policy.lengths, len(ids), self.checkpoint)
        if gamma and predicts(config.draft_policy) and self.round_times.lacks(policy.lengths):
            self._calibrate(config, ids, policy.lengths, widths)

    def _calibrate(
        self, config: GenerationConfig, ids: Sequence[int], lengths: Sequence[int], widths: tuple[int, ...]
    ) -> None:
        """Time a few rounds of each draft length after the end of a prompt."""
        ids = ids[-_CALIBRATION_CONTEXT:]
        calibration = LengthTiming(lengths, self.round_times)
        n_new = min(calibration.n_most, self.target.context - len(ids))
        config = msgspec.structs.replace(config, max_new_tokens=max(1, n_new), stop_at_end=False)
        decoder = self.decoder(config, gamma=max(lengths), n_most=len(ids) + config.max_new_tokens, widths=widths)
        limits = Limits(config.max_new_tokens, self.target.context, frozenset())
        with closing(generate(decoder, ids, calibration, limits, self.target.texts, self)) as events:
            for _ in events:
                if calibration.done:
                    break
        self.round_times.tried(lengths)

    def generate(
        self,
        config: GenerationConfig,
        ids: Sequence[int],
        *,
        gamma: int,
        widths: tuple[int, ...] = (),
        sequence: SequenceModel | None = None,
    ) -> Generator[GenerationEvent, None, Generation]:
        """A generation with new caches; gamma 0 is plain decoding, without the drafter.

        widths: as many as gamma, for trees. sequence: see `decoder`."""
        n_most = len(ids) + config.max_new_tokens
        decoder = self.decoder(config, gamma=gamma, n_most=n_most, widths=widths, sequence=sequence)
        policy = self._policy(config, gamma, widths)
        stop_ids = self.target.stop_ids if config.stop_at_end else frozenset()
        limits = Limits(config.max_new_tokens, self.target.context, stop_ids)
        return generate(decoder, ids, policy, limits, self.target.texts, self)

    def _policy(self, config: GenerationConfig, gamma: int, widths: tuple[int, ...]) -> DraftPolicy:
        """A new policy for one generation."""
        free_bytes = partial(devices.free_bytes, self.target.device)
        settings, gamma = config.draft_policy, gamma if self.drafter is not None else 0
        return policy_for(settings, gamma, self.round_times, depth=len(widths), free_bytes=free_bytes)

    def _refuse_without_confidence(self, drafter: Capabilities) -> None:
        if not drafter.stops:
            reason = f"policy = confidence: {self.drafter_spec} does not say how sure it is of a token"
            raise InputError(reason, "choose another policy, or a drafter that is a model with the target's tokenizer")

    def prompt_ids(self, request: Request) -> tuple[int, ...]:
        """The prompt as ids. Raises InputError if it is empty or leaves no room in the context."""
        return self._asked_as_it_is(request).ids

    def asked(self, request: Request, config: ChatConfig) -> AskedPrompt:
        """The prompt as it is asked: through the target's chat template, or as it is. Raises InputError."""
        target, template = self.target, self.target.chat_template
        if request.prompt_ids is not None:
            return self._asked_as_it_is(request)
        in_turns = len(request.messages) > 1
        if not asked_as_chat(template, target.spec, config, in_turns=in_turns) or template is None:
            return self._asked_as_it_is(request)
        messages = with_system(request.messages or (Message("user", request.prompt),), config.system)
        ids = self._fitting(template.render(messages).ids)
        merged = template.merges_system and messages[0].role == "system"
        return AskedPrompt(ids, messages, _MERGED.format(target.spec) if merged else "")

    def _fitting(self, ids: Sequence[int]) -> tuple[int, ...]:
        """The ids, if they are a prompt for this target. Raises InputError."""
        if not ids:
            raise InputError("the prompt is empty", "write at least one word")
        if len(ids) >= self.target.context:
            reason = f"the prompt has {len(ids)} tokens, {self.target.spec} reads at most {self.target.context - 1}"
            raise InputError(reason, "shorten it, or use a target with a longer context")
        unknown = [token for token in ids if not 0 <= token < self.target.n_vocabulary]
        if unknown:
            raise InputError(f"token id {unknown[0]} is not in the target's vocabulary", "fork with the same target")
        return tuple(ids)

    def _asked_as_it_is(self, request: Request) -> AskedPrompt:
        if request.prompt_ids is not None:
            return AskedPrompt(self._fitting(request.prompt_ids), request.messages)
        encoded = encode_prompt(self.target.tokenizer, request.prompt)
        return AskedPrompt(self._fitting(encoded.ids), warning=encoded.note, way_out=_AS_WRITTEN)


def rules_of(target: LoadedModel, config: GenerationConfig) -> GenerationRules:
    """What changes the target's logits in a generation: its own rules where they are obeyed, and the user's penalty."""
    rules = target.generation.rules if config.generation_rules else NO_RULES
    penalty = config.repetition_penalty
    return rules if penalty == 1.0 else rules._replace(repetition_penalty=penalty)


def ruled_text(target: LoadedModel, config: GenerationConfig, *, n_most: int) -> RuledText | None:
    """The rules of one generation of at most n_most ids in all; None where they change nothing."""
    rules = rules_of(target, config)
    if rules.change_nothing:
        return None
    return RuledText(rules, n_vocabulary=target.n_vocabulary, n_most=n_most, device=target.device)


def warp_of(config: GenerationConfig) -> Warp:
    """How a configuration turns logits into the distribution that is sampled."""
    return Warp(config.temperature, config.top_k, config.top_p, config.min_p)
