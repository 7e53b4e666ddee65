"""Flows of which one must be zero: on/off decisions, added where a plan without them has both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from carbonost.engines.energy.assembly import largest_flow, largest_outlet
from carbonost.engines.energy.model import INF

if TYPE_CHECKING:
    from carbonost.domain.series import BoolArray, FloatArray, IntArray
    from carbonost.engines.energy.assembly import Assembly, Pair

ROUNDS: Final = 40
PATIENCE: Final = 4
"""Rounds after which a clash that moves about is decided on every interval."""
CLASH_KW: Final = 1e-5


class Exclusions:
    """The decisions an assembly has so far."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._decided = [np.zeros(assembly.steps, dtype=bool) for _ in assembly.pairs]
        self._rounds = 0

    def add(self, plan: FloatArray) -> bool:
        """Decide where a plan has both flows of a pair; False where it keeps all of them apart."""
        pairs = zip(self._assembly.pairs, self._decided, strict=True)
        fresh = [_clashes(pair, plan) & ~done for pair, done in pairs]
        for number, new in enumerate(fresh):
            wanders = self._rounds >= PATIENCE and new.any()
            below_zero = (self._assembly.rate.energy < 0) & new.any()  # one clash there moves to the next such interval
            chosen = ~self._decided[number] & (wanders | below_zero | new)
            _decide(self._assembly, self._assembly.pairs[number], np.flatnonzero(chosen).astype(np.int32))
            self._decided[number] |= chosen
        self._rounds += 1
        return any(new.any() for new in fresh)


def _clashes(pair: Pair, plan: FloatArray) -> BoolArray:
    both = np.minimum(plan[pair.one], plan[pair.other]) > CLASH_KW
    return np.asarray(both & pair.matters, dtype=np.bool_)


def _decide(assembly: Assembly, pair: Pair, steps: IntArray) -> None:
    """Let one of two flows be zero on the given intervals."""
    if steps.size == 0:
        return
    model, most = assembly.model, largest_flow(assembly)
    one_max = np.where(np.isfinite(pair.one_max), pair.one_max, most)[steps]
    other_max = np.where(np.isfinite(pair.other_max), pair.other_max, most)[steps]
    if pair.taken:
        other_max = np.minimum(other_max, largest_outlet(assembly, pair.one_max)[steps])
    first = model.columns(steps.size, 0.0, 1.0, integer=True, step=steps)
    model.rows(steps.size, -INF, 0.0, (pair.one[steps], 1.0), (first, -one_max))
    model.rows(steps.size, -INF, other_max, (pair.other[steps], 1.0), (first, other_max))
