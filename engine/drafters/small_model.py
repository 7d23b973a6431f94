"""Drafts with a small language model; of the target it uses only the vocabulary size and the device."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.decoding import autoregressive_draft
from engine.decoding.autoregressive_draft import DraftStep
from engine.decoding.cached_model import FEW_ROWS, PREFILL_CHUNK, SequenceModel, windows_of
from engine.decoding.drafting import Capabilities, Draft, DraftContext, TargetState, no_draft
from engine.decoding.ruled_text import RuledText
from engine.decoding.transfers import moved_together, uploaded_ids, uploaded_together
from engine.decoding.tree_draft import GrowingTree, TreeSettings, fitting
from engine.decoding.tree_widths import MOST_NODES
from engine.drafters import DrafterSpec
from engine.fast.model import FusedModel
from engine.fast.static_kv_cache import FusedDrafter
from engine.models.kv_size import kv_bytes
from engine.models.loading import LoadedModel
from engine.vocabularies.drafter import OtherTokenizerDrafter, TokenizerOfModel


class SmallModelDrafter:
    """Drafts with a causal language model of the target's tokenizer; padded vocabularies may differ in size.

    Of a tree, the model's cache holds all nodes but those of the last depth until it is known which were accepted."""

    def __init__(
        self, model: SequenceModel, *, context: int, n_target_vocabulary: int, target_device: torch.device,
        trees: bool = True,
    ) -> None:  # fmt: skip
        """trees: whether the model can read a tree depth by depth."""
        self.capabilities = Capabilities(trees=trees, stops=True)
        self._model = model
        self._context = context
        self._n_target = n_target_vocabulary
        self._target_device = target_device
        self._n_nodes = 0  # of the last tree, in the model's cache

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
        """Draw n tokens one after another, or grow a tree; less or nothing at the end of the drafter's own context."""
        n = min(context.n, self._context - len(context.ids))
        if n < 1:
            return no_draft(self._target_device)
        self._catch_up(context.ids)
        new_ids, u = uploaded_together([torch.tensor(context.ids[self._model.length :]), context.u], self._model.device)
        # On another device the rules' own tensors are out of reach; there the draft is only accepted less often.
        rules = context.rules if context.rules is not None and context.rules.device == self._model.device else None
        if context.widths:
            widths = fitting(context.widths[:n], min(self._model.n_vocabulary, self._n_target))
            draft = self._tree(new_ids, TreeSettings(widths, context.warp, u, self._n_target, rules))
        else:
            draft = self._chain(new_ids, u[:n], context, rules)
        return self._on_target_device(draft)

    def _catch_up(self, ids: Sequence[int]) -> None:
        """Read what rounds without a draft have left unread, where it is much: as a prompt, without logits."""
        if len(ids) - self._model.length <= FEW_ROWS:
            return
        for start in range(self._model.length, len(ids) - 1, PREFILL_CHUNK):
            self._model.prefill(uploaded_ids(ids[start : min(start + PREFILL_CHUNK, len(ids) - 1)], self._model.device))

    def _chain(self, new_ids: Tensor, u: Tensor, context: DraftContext, rules: RuledText | None) -> Draft:
        """Draw a token for each uniform, one after another, up to one that the drafter is unsure of."""
        steps: list[DraftStep] = []
        warp = context.warp
        for i in range(u.shape[0]):
            logits, ruled = self._model.forward(new_ids)[-1], autoregressive_draft.ruled_after(rules, steps)
            steps.append(autoregressive_draft.step(logits, u[i], warp, n_vocabulary=self._n_target, ruled=ruled))
            if autoregressive_draft.is_unsure(steps[-1], warp, context.stop_below):
                break
            new_ids = steps[-1].token.view(1)
        return autoregressive_draft.joined(steps, warp, n_vocabulary=self._n_target)

    def _tree(self, new_ids: Tensor, settings: TreeSettings) -> Draft:
        """Grow a tree, one forward a depth."""
        tree, logits = GrowingTree(settings), self._model.forward(new_ids)[-1:]
        nodes = tree.grow(logits)
        for _ in settings.widths[1:]:
            nodes = tree.grow(self._model.forward(nodes, tree=tree.last_nodes()))
        self._n_nodes = sum(settings.widths[:-1])
        return tree.draft()

    def follow(self, path: Sequence[int]) -> None:
        """Keep the accepted nodes that the cache holds, in the order of the path."""
        kept = [node for node in path if node < self._n_nodes]
        if self._n_nodes:
            self._model.keep(uploaded_ids(kept, self._model.device), self._n_nodes)

    def fused(self) -> FusedDrafter | None:
        """The model, if it is fused, on the target's device, and so can draft as part of a round."""
        if not isinstance(self._model, FusedModel) or self._model.device != self._target_device:
            return None
        return FusedDrafter(self._model.weights, self._context)

    def commit(self, ids: Sequence[int]) -> None:
        """Roll back rejected ids: the cache may hold every committed id but the last."""
        self._model.rollback(max(0, self._model.length - (len(ids) - 1)))

    def cache_bytes(self) -> int:
        """Memory of the drafter's cache."""
        return self._model.bytes()

    def _on_target_device(self, draft: Draft) -> Draft:
        """The same draft on the target's device."""
        assert draft.shown is not None
        tokens, parents, shown = moved_together((draft.tokens, draft.parents, draft.shown), self._target_device)
        return Draft(tokens, parents, None if draft.q is None else shown, shown, draft.widths)


def drafter_for(target: LoadedModel, model: LoadedModel) -> SmallModelDrafter | OtherTokenizerDrafter:
    """The drafter over a loaded model: on the target's ids, or through text where it has another tokenizer."""
    if model.drafts_through == "text":
        return OtherTokenizerDrafter(
            model.sequence(), _tokenizer_of(target), _tokenizer_of(model), context=model.context,
            target_device=target.device,
        )  # fmt: skip
    context = min(model.context, target.context)
    return SmallModelDrafter(
        model._replace(context=context).sequence(),
        context=context,
        n_target_vocabulary=target.n_vocabulary,
        target_device=target.device,
        trees=model.fused is not None or _keeps_trees(model),
    )


def _keeps_trees(model: LoadedModel) -> bool:
    """Whether every layer of a model on modules still sees the text when a whole tree is between."""
    windows = (window for window in windows_of(model.model.config) if window is not None)
    return all(window > 2 * MOST_NODES for window in windows)


def _tokenizer_of(model: LoadedModel) -> TokenizerOfModel:
    return TokenizerOfModel(model.tokenizer, model.n_vocabulary, model.stop_ids)


def _build(spec: str, target: LoadedModel, model: LoadedModel | None) -> SmallModelDrafter | OtherTokenizerDrafter:
    assert model is not None
    return drafter_for(target, model)


def _kv_bytes(spec: str, target: LoadedModel, model: LoadedModel | None, n: int) -> int:
    assert model is not None
    return cache_bytes(model, min(n, target.context) if model.drafts_through == "ids" else n)


def cache_bytes(model: LoadedModel, n: int) -> int:
    """What the cache of a drafting model takes for a text of n ids, of which it keeps its own context at most."""
    return kv_bytes(model.model.config, model.dtype, model.runtime, context=min(n, model.context))


DRAFTER = DrafterSpec(
    "small_model", "Small model", "builtin", lambda spec: True, needs_model=True, build=_build, kv_bytes=_kv_bytes
)
