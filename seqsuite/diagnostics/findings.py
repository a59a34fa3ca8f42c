"""What the numbers mean, one plain line each: pure functions, no model in sight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqsuite.diagnostics.flow import GradientFlow, LayerFlow
from seqsuite.diagnostics.gates import Gate, GateStatistics

REACH_FRACTION = 0.01
"""A gradient counts as gone under a hundredth of its end value: less is lost among what the other
steps give to the same shared weights."""
MIN_REACH = 5
"""Gradients vanish when they are gone within fewer steps: to less than 40 % with every step, less
memory than a five-gram has. Fresh layers reach 9 steps (GRU), 19 (LSTM) and 80 of 80 (orthogonal
SimpleRNN), after 600 steps of training on characters 33, 9 and 10; a trained SimpleRNN whose
recurrent weights were multiplied by 0.3 reaches 4."""
EXPLODING_RATIO = 10.0
"""Gradients explode when they grow by that factor on their way back, to more than at the end. On
the way through healthy networks, fresh and trained, they never rose above it; with the recurrent
weights of trained ones tripled they grew 10-fold (LSTM) to 10^9-fold (SimpleRNN) in 80 steps."""
SATURATED_SHARE = 0.75
"""A layer is saturated when that share of the values of its gates is. Trained networks do shut and
open gates: after 600 steps on characters shares were 0.44 (GRU) to 0.60 (SimpleRNN); at a learning
rate of 1 they were 0.83 to 0.99 after 30 steps. A forget gate near 1 keeps a memory as it should,
and is not counted."""
SHORT_SHARE = 0.5
"""Where every layer's gradient is gone within that share of the sequence, the healthy are told so:
whether a task needs what is further back, no gradient can say."""
RISING_RATIO = 1.25
"""The learning rate is too high when the loss of the same batch, without dropout, is that much
above what it was before training, for noise of single batches does not enter."""
LOST_SHARE, LEAST_PROGRESS = 0.5, 0.1
"""Or when that share of what training had taken off that loss is lost again, once it had taken off
a tenth."""


@dataclass(frozen=True)
class Finding:
    """One condition.

    Args:
        kind: ``"not_finite"``, ``"learning_rate"``, ``"explode"``, ``"vanish"``, ``"saturated"`` or
            ``"healthy"``.
        layers: The layers it was found in, the worst first; none where it is about the whole model.
        message: One line: what was measured, and what to try.
    """

    kind: str
    layers: tuple[str, ...]
    message: str


def diagnose(
    flow: GradientFlow | None = None,
    gates: GateStatistics | None = None,
    losses: Sequence[float] = (),
) -> list[Finding]:
    """Name what is wrong with the training of recurrent layers.

    Args:
        flow: From `gradient_flow`.
        gates: From `gate_statistics`.
        losses: Losses of the same batch over training, the one before the first step in front.

    Returns:
        A finding for every condition that holds, the gravest first; ``"healthy"`` when none does.

    Example:
        >>> back = 2.0 ** np.arange(30)[None]  # doubles with every step back
        >>> flow = GradientFlow({"rnn": LayerFlow(norms=back, carried=back)})
        >>> print(diagnose(flow)[0].message.split(";")[0])
        rnn: gradients explode, 5.4e+08 times their end value 29 steps back
    """
    flows = {} if flow is None else flow.layers
    layers = {} if gates is None else gates.layers
    broken = _not_finite(flows, losses)
    if broken is not None:
        return [broken]  # of what has no value nothing else can be said
    found = [
        _rising(losses),
        _worst("explode", flows, _growth, _explode_line),
        _worst("vanish", flows, _lost, _vanish_line),
        _saturated(layers),
    ]
    findings = [finding for finding in found if finding is not None]
    return findings or [Finding("healthy", (), _healthy_line(flows, layers))]


def _not_finite(flows: dict[str, LayerFlow], losses: Sequence[float]) -> Finding | None:
    broken = tuple(name for name, layer in flows.items() if not _finite(layer))
    if not broken and np.isfinite(losses[-1:]).all():
        return None
    what = f"gradients in {', '.join(broken)}" if broken else "loss"
    return Finding(
        "not_finite",
        broken,
        f"The {what} became infinite or NaN: training has diverged; lower the learning rate, clip "
        "gradients by norm, and start again from weights before this.",
    )


def _finite(layer: LayerFlow) -> bool:
    # Steps of padding are NaN in both; a step that is NaN in the middle of a row is not padding.
    ends = layer.norms[:, :1], layer.carried[:, :1]
    infinite = np.isinf(layer.norms).any() or np.isinf(layer.carried).any()
    return not infinite and all(bool(np.isfinite(end).any()) for end in ends)


def _rising(losses: Sequence[float]) -> Finding | None:
    if len(losses) < 2:
        return None
    first, best, last = losses[0], min(losses), losses[-1]
    progress = first - best
    lost = progress > LEAST_PROGRESS * abs(first) and last - best > LOST_SHARE * progress
    if not lost and last <= first + (RISING_RATIO - 1) * abs(first):
        return None
    where = f"after {best:.3g} at its best" if lost else f"before training it was {first:.3g}"
    return Finding(
        "learning_rate",
        (),
        f"The learning rate is too high: the loss of the same batch is {last:.3g}, {where}; lower "
        "it three- to tenfold, warm it up, clip gradients by norm.",
    )


def _worst(
    kind: str,
    flows: dict[str, LayerFlow],
    measure: Callable[[LayerFlow], float | None],
    line: Callable[[str, LayerFlow], str],
) -> Finding | None:
    """Join the layers in which `measure` finds something, the largest first, in one finding."""
    measured = {name: measure(layer) for name, layer in flows.items()}
    values = {name: value for name, value in measured.items() if value is not None}
    names = sorted(values, key=lambda name: -values[name])
    if not names:
        return None
    others = f" (also in {', '.join(names[1:])})" if names[1:] else ""
    what, _, remedy = line(names[0], flows[names[0]]).partition(";")
    return Finding(kind, tuple(names), f"{what}{others};{remedy}")


def _growth(layer: LayerFlow) -> float | None:
    """Return how much larger than at the end the gradient is at its peak, if it explodes."""
    relative = layer.relative()
    relative = relative[np.isfinite(relative)]
    if not len(relative):
        return None
    rise = relative / np.maximum(np.minimum.accumulate(relative), np.finfo(float).tiny)
    explodes = relative[rise > EXPLODING_RATIO].max(initial=0.0) > 1.0
    return float(relative.max()) if explodes else None


def _explode_line(name: str, layer: LayerFlow) -> str:
    relative = layer.relative()
    back = int(np.nanargmax(relative))
    return (
        f"{name}: gradients explode, {relative[back]:.2g} times their end value {back} steps back; "
        "clip gradients by norm, start from orthogonal or smaller recurrent weights, lower the "
        "learning rate, or shorten the steps of back-propagation."
    )


def _lost(layer: LayerFlow) -> float | None:
    """Return how many steps too short the gradient reaches, if it vanishes."""
    if layer.length < 2 * MIN_REACH:
        return None
    if not np.nansum(layer.norms):
        return float(MIN_REACH)
    if not np.nansum(layer.carried[:, 0]):
        return None  # nothing is read from the last output, so nothing can be said
    reach = layer.reach(REACH_FRACTION)
    return float(MIN_REACH - reach) if reach < MIN_REACH else None


def _vanish_line(name: str, layer: LayerFlow) -> str:
    what = f"only {layer.reach(REACH_FRACTION)} of {layer.length} steps back is 1 % of them left"
    if not np.nansum(layer.norms):
        what = "none reaches any step"
    return (
        f"{name}: gradients vanish, {what}; use a gated cell (LSTM, GRU), orthogonal or identity "
        "recurrent weights, a forget bias of 1 or chrono initialisation, or layer normalisation; "
        "clipping does not help here."
    )


def _saturated(layers: Mapping[str, Mapping[str, Gate]]) -> Finding | None:
    shares = {
        name: {gate.name: _stuck(gate) for gate in gates.values()}
        for name, gates in layers.items()
        if gates
    }
    means = {name: sum(of.values()) / len(of) for name, of in shares.items()}
    stuck = sorted((n for n in means if means[n] > SATURATED_SHARE), key=lambda n: -means[n])
    if not stuck:
        return None
    others = f" (also in {', '.join(stuck[1:])})" if stuck[1:] else ""
    detail = ", ".join(f"{gate} {share:.0%}" for gate, share in shares[stuck[0]].items())
    return Finding(
        "saturated",
        tuple(stuck),
        f"{stuck[0]}: gates are saturated, stuck near an end are {detail}{others}; lower the "
        "learning rate, start from smaller weights, add layer normalisation or weight decay, and "
        "scale the inputs.",
    )


def _stuck(gate: Gate) -> float:
    """Return the share of a gate's values that is stuck where it does harm."""
    return gate.share_low if gate.keeps else gate.share_saturated


def _healthy_line(flows: dict[str, LayerFlow], layers: Mapping[str, Mapping[str, Gate]]) -> str:
    single = [
        f"{name}'s {gate.name} ({_stuck(gate):.0%} of its values)"
        for name, gates in layers.items()
        for gate in gates.values()
        if _stuck(gate) > SATURATED_SHARE
    ]
    read = {name: layer for name, layer in flows.items() if np.nansum(layer.carried[:, 0])}
    reaches = {name: layer.reach(REACH_FRACTION) for name, layer in read.items()}
    told = ", ".join(f"{name} {reach} of {read[name].length}" for name, reach in reaches.items())
    what = f" The end of the loss reaches back, to 1 %: {told} steps." if told else ""
    if reaches and all(reaches[name] < SHORT_SHARE * read[name].length for name in reaches):
        what += (
            " What must be known from before that cannot be learned: if there is any, use a gated "
            "cell, chrono initialisation, or shorter sequences first."
        )
    gates = "no gates are stuck" if not single else f"of gates only {', '.join(single)} are stuck"
    return f"Healthy: gradients neither vanish nor explode, and {gates}.{what}"
