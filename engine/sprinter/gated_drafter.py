"""Drafts with a small model until the gate doubts a token; the token that it doubts stays the last of the run.

Source: arXiv:2502.04557, section 3. Each token waits for its gate, since it decides whether there is a next one."""

import time
from collections.abc import Callable, Sequence
from statistics import median

import torch
from torch import Tensor

from engine.decoding import autoregressive_draft
from engine.decoding.autoregressive_draft import DraftStep
from engine.decoding.clock import settle
from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState, no_draft
from engine.decoding.sampling import Warp
from engine.decoding.transfers import moved_together, uploaded_ids, uploaded_together
from engine.models.loading import LoadedModel
from engine.sprinter.gate import Gate, features
from engine.sprinter.host_gate import GatedToken, HostGate

_N_TIMED = 64


class GatedDrafter:
    """A `Drafter` over a model of the target's tokenizer. gate_probs: of the tokens of the last draft."""

    def __init__(self, model: LoadedModel, target: LoadedModel, gate: Gate, threshold: float) -> None:
        """threshold: the draft ends with the first token whose gate is below it; 0 never ends one. A token that would
        end the text ends the draft too, so that the target always tests it."""
        self.capabilities = Capabilities()
        self.gate_probs: tuple[float, ...] = ()
        layers = (int(model.model.config.get_text_config().num_hidden_layers) - 1,) if reads_states(gate) else ()
        self._context = min(model.context, target.context)
        self._model = model._replace(context=self._context).sequence(layers)
        self._n_target, self._target_device, self._stop_ids = target.n_vocabulary, target.device, target.stop_ids
        self._gate, self._threshold = gate.to(model.device), threshold
        self._embed: Callable[[Tensor], Tensor] = model.model.get_input_embeddings()
        self._host_gate = HostGate.of(gate) if model.device.type == "cpu" else None

    def reset(self) -> None:
        """Forget the sequence."""
        self._model.reset()

    def expect(self, n: int) -> None:
        """Allocate for texts of at most n ids from the next reset on."""
        self._model.expect(n)

    def prefill(self, ids: Sequence[int], target: TargetState) -> None:
        """Process the next ids of the prompt."""
        if self._model.length + len(ids) < self._context:
            self._model.prefill(uploaded_ids(ids, self._model.device))

    def propose(self, context: DraftContext) -> Draft:
        """Draft until the gate is below the threshold, at most context.n tokens."""
        self.gate_probs = ()
        n = min(context.n, self._context - len(context.ids))
        if n < 1:
            return no_draft(self._target_device)
        new_ids, u = uploaded_together([torch.tensor(context.ids[self._model.length :]), context.u], self._model.device)
        rules = context.rules if context.rules is not None and context.rules.device == self._model.device else None
        steps: list[DraftStep] = []
        probs: list[float] = []
        for i in range(n):
            logits, ruled = self._model.forward(new_ids)[-1], autoregressive_draft.ruled_after(rules, steps)
            if context.warp.greedy and ruled is None and self._host_gate is not None:
                step, choice = self._chosen(logits, self._host_gate)
            else:
                step = autoregressive_draft.step(logits, u[i], context.warp, n_vocabulary=self._n_target, ruled=ruled)
                token = int(step.token)  # sync: whether there is a next token hangs on it
                choice = GatedToken(token, self._probability(step, token, greedy=context.warp.greedy))
            steps.append(step)
            probs.append(choice.probability)
            if choice.probability < self._threshold or choice.token in self._stop_ids:
                break
            new_ids = step.token.view(1)
        self.gate_probs = tuple(probs)
        return self._on_target_device(autoregressive_draft.joined(steps, context.warp, n_vocabulary=self._n_target))

    def _chosen(self, logits: Tensor, gate: HostGate) -> tuple[DraftStep, GatedToken]:
        """A greedy step on a processor: token and gate at once."""
        row = logits[: self._n_target].float()
        choice = gate.choice(self._model.hidden, row)
        return DraftStep(torch.tensor(choice.token), row), choice

    def _probability(self, step: DraftStep, token: int, *, greedy: bool) -> float:
        """What the gate says of the token drafted last."""
        hidden = self._model.hidden
        if self._host_gate is not None:
            state = None if hidden is None else hidden[-1, -1]
            return self._host_gate.probability(state, step.row, token, greedy=greedy)
        row = step.row.softmax(-1) if greedy else step.row
        drafted = step.token.view(1)
        states = row.new_empty(1, 0) if hidden is None else hidden[-1, -1:]
        read = features(self._gate.shape, states, row.index_select(0, drafted), drafted, self._embed)
        return self._gate.probability(read).item()  # sync: as above

    def commit(self, ids: Sequence[int]) -> None:
        """Roll back rejected ids: the cache may hold every committed id but the last."""
        self._model.rollback(max(0, self._model.length - (len(ids) - 1)))

    def gate_share(self, ids: Sequence[int]) -> float | None:
        """What the gate adds to a greedy drafter step, over a step without it, timed in turn on a text; None for a text
        of one token. Below 0 where token and gate together take less time than the token alone."""
        if len(ids) < 2:
            return None
        warp, u = Warp(), torch.zeros((), dtype=torch.float64, device=self._model.device)
        self.reset()
        self._model.prefill(uploaded_ids(ids[:-1], self._model.device))
        last = uploaded_ids(ids[-1:], self._model.device)
        bare: list[float] = []
        gated: list[float] = []
        for _ in range(_N_TIMED):
            for times in (bare, gated):
                started = time.perf_counter()
                logits = self._model.forward(last)[-1]
                if times is gated and self._host_gate is not None:
                    self._chosen(logits, self._host_gate)
                else:
                    step = autoregressive_draft.step(logits, u, warp, n_vocabulary=self._n_target)
                    if times is gated:
                        self._probability(step, int(step.token), greedy=True)  # sync: timing it needs its end
                    settle(self._model.device)
                times.append(time.perf_counter() - started)
                self._model.rollback(1)
        self.reset()
        return median(gated) / median(bare) - 1

    def cache_bytes(self) -> int:
        """Memory of the drafter's cache."""
        return self._model.bytes()

    def _on_target_device(self, draft: Draft) -> Draft:
        assert draft.shown is not None
        tokens, parents, shown = moved_together((draft.tokens, draft.parents, draft.shown), self._target_device)
        return Draft(tokens, parents, None if draft.q is None else shown, shown)


def reads_states(gate: Gate) -> bool:
    """Whether a gate reads the drafter's hidden state."""
    return "hidden" in gate.shape.inputs
