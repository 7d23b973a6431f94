"""Policy that follows a rule, decodes plainly where the rule says that drafting does not pay, and tries again later.

* imports neither Qt nor torch."""

from typing import Literal, Protocol

from engine.decoding.policies.acceptance import RecentAcceptance
from engine.decoding.policies.policy import Decision, RoundFacts
from engine.decoding.policies.probing import ProbeSchedule

# Each of the first drafts may change the length; later ones only every few rounds, which lets a device begin early.
_N_FIRST, _EVERY = 8, 4
_FIRST_PROBE, _LONGEST_PROBE = 1, 8
# What is known of the drafter weighs so many tested tokens when plain decoding begins: later probes can outweigh it.
_REMEMBERED = 12.0


class LengthRule(Protocol):
    """Judges draft lengths by the latest acceptance."""

    lengths: tuple[int, ...]

    def while_drafting(self, gamma: int, recent: RecentAcceptance) -> Decision | None:
        """Another length than gamma, 0 for plain decoding; None where gamma is right."""

    def while_plain(self, recent: RecentAcceptance) -> Decision | None:
        """The length to draft with again; None where plain decoding is right."""

    def expected(self) -> RecentAcceptance:
        """What acceptance to expect of a new text; it is added to."""

    def predicted(self, gamma: int, recent: RecentAcceptance) -> float | None:
        """The speedup predicted for a length; None where the rule predicts none."""

    def learn(self, facts: RoundFacts) -> None:
        """Learn the time of a round, whatever it drafted."""

    def learn_catching_up(self, facts: RoundFacts, n_missed: float) -> None:
        """Learn from a round before which the drafter had to read so many tokens that were decoded without it."""

    def in_plain_rounds(self, n_drafted: int) -> float:
        """The time of a round that drafts so many tokens, in rounds of plain decoding; 1 where the rule knows none."""

    def catching_up(self) -> float:
        """What reading one token takes that was decoded without the drafter, in rounds of plain decoding."""


class AdaptiveLength:
    """Starts with gamma, or with a probe where the text before was one that drafting did not pay for.

    A probe is a short draft; one that is accepted whole is followed by one twice as long."""

    def __init__(self, gamma: int, rule: LengthRule) -> None:
        self.gamma, self._rule, self._resumed = gamma, rule, gamma
        self._state: Literal["drafting", "plain", "probing", "timing"] = "drafting"
        self._recent = rule.expected()
        self._probes = ProbeSchedule()
        self._n_missed = 0.0  # tokens that the drafter reads before the round that was just chosen
        self._probe_cost = 0.0  # of the probes since the last wait, in rounds of plain decoding
        self._n_drafts, self._until_decision = 0, 1

    @property
    def lengths(self) -> tuple[int, ...]:
        """Those of the rule, plain decoding and the probes."""
        probes = (length for length in (1, 2, 4, 8) if length <= max(self._rule.lengths))
        return tuple(sorted({0, *self._rule.lengths, *probes}))

    @property
    def settled(self) -> bool:
        """Whether neither a decision nor a probe is due after the next round."""
        if self._state == "drafting":
            return self._until_decision > 1
        return self._state == "plain" and self._probes.n_left > 1

    def begin(self) -> Decision | None:
        """A probe, where drafting did not pay for the text before."""
        expected = self._rule.while_drafting(self.gamma, self._recent)
        if expected is None or expected.reason != "too_slow" or self.gamma <= _FIRST_PROBE:
            return None
        predicted = self._rule.predicted(_FIRST_PROBE, self._recent)
        return self._changed(Decision(_FIRST_PROBE, "did_not_pay", expected.predicted_before, predicted), "probing")

    def observe(self, facts: RoundFacts) -> Decision | None:
        """Learn of a round, and decide where something is due."""
        n_missed, self._n_missed = self._n_missed, 0.0
        if n_missed:
            self._rule.learn_catching_up(facts, n_missed)
        else:
            self._rule.learn(facts)
        if facts.n_drafted:
            self._recent.add(facts)
        match self._state:
            case "plain":
                if not self._probes.due():
                    return None
                self._n_missed, self._probe_cost = self._probes.n_waited, 0.0
                return self._probe(_FIRST_PROBE)
            case "timing":
                return self._changed(Decision(self._resumed, "timing"), "drafting")
            case "probing":
                return self._after_probe(facts)
        return self._after_draft()

    def _after_draft(self) -> Decision | None:
        self._n_drafts += 1
        self._until_decision -= 1
        if self._until_decision > 0:
            return None
        self._until_decision = 1 if self._n_drafts < _N_FIRST else _EVERY
        decision = self._rule.while_drafting(self.gamma, self._recent)
        if decision is None:
            return None
        if decision.gamma:
            return self._changed(decision, "drafting")
        self._resumed = self.gamma
        if decision.reason == "timing":
            return self._changed(decision, "timing")
        self._recent.limit(_REMEMBERED)
        self._probes.rewind()
        return self._changed(decision, "plain")

    def _after_probe(self, facts: RoundFacts) -> Decision | None:
        self._probe_cost += self._rule.in_plain_rounds(facts.n_drafted) - 1 - facts.n_accepted
        resumed = self._rule.while_plain(self._recent)
        if resumed is not None:
            self._n_drafts, self._until_decision = 0, 1
            return self._changed(resumed, "drafting")
        whole = 0 < facts.n_drafted == facts.n_accepted
        longer = min(2 * self.gamma, _LONGEST_PROBE)
        if whole and self.gamma < longer <= max(self._rule.lengths):
            return self._probe(longer)
        self._probes.back_off(cost=max(0.0, self._probe_cost), catching_up=self._rule.catching_up())
        return self._changed(Decision(0, "probe_failed", self._rule.predicted(self.gamma, self._recent), 1.0), "plain")

    def _probe(self, gamma: int) -> Decision:
        predicted = self._rule.predicted(gamma, self._recent)
        before = 1.0 if self.gamma == 0 and predicted is not None else None
        return self._changed(Decision(gamma, "probe", before, predicted), "probing")

    def _changed(self, decision: Decision, state: Literal["drafting", "plain", "probing", "timing"]) -> Decision:
        self.gamma, self._state = decision.gamma, state
        return decision
