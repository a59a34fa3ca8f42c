"""A `DecoderCell` over whole sequences: at once where it can be, else step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from seqsuite.layers.decoder.steps import DecoderSteps
from seqsuite.layers.masking import at_least_one_step, sequence_mask, zero_padding
from seqsuite.layers.recurrent.step_loop import Tensors, run_steps

if TYPE_CHECKING:
    from seqsuite.layers.decoder.cell import DecoderCell

Tensor = Any


def unroll(
    cell: DecoderCell,
    token_ids: Tensor,
    states: list[Tensor],
    memory: Tensors | None,
    lengths: Tensor | None = None,
    training: bool | None = None,
    soft_share: Tensor | None = None,
) -> tuple[Tensor, list[Tensor], Tensor | None]:
    """Run a step of a cell for each of the given tokens.

    Without input feeding, the stack runs over all steps with its own fast loops, and all queries of
    an attention without state are answered at once.

    Args:
        cell: A built cell.
        token_ids: Integer ``(batch, time)``.
        states: From the cell's `get_initial_state`.
        memory: From the cell's `prepare_memory`.
        lengths: Integer ``(batch,)``; ``None`` when every step is real.
        training: Whether to drop anything.
        soft_share: ``(batch, time)``: how much of a step's input passes its gradient on to the
            distribution that the step before gave, as if the mean embedding under that had been the
            input. The input itself stays what it is.

    Returns:
        Features ``(batch, time, output_units)``, zero at padded steps, for the cell's `project`;
        the states after each row's last step; and the attention weights
        ``(batch, time, memory_time)``, or ``None``.

    Example:
        >>> from seqsuite.layers import DecoderCell, RecurrentStack, SymbolEmbedding
        >>> cell = DecoderCell(SymbolEmbedding(9, 4), RecurrentStack(3, return_state=True))
        >>> cell.build((None,))
        >>> ids = ops.ones((2, 5), "int32")
        >>> features, states, _ = unroll(cell, ids, cell.get_initial_state(ids), None)
        >>> tuple(cell.project(features).shape)
        (2, 5, 9)
    """
    batch, num_steps = ops.shape(token_ids)
    if lengths is None and not token_ids.shape[1]:
        lengths = ops.zeros((batch,), dtype="int32") + num_steps
    if lengths is not None:
        lengths = ops.minimum(ops.cast(lengths, "int32"), num_steps)
    embedded = at_least_one_step(cell.embed(token_ids, training))
    if cell.input_feeding or soft_share is not None:
        found = _unroll_steps(cell, embedded, states, memory, lengths, bool(training), soft_share)
    else:
        found = _whole_sequence(cell, embedded, states, memory, lengths, training)
    features, states, weights = found
    features = features[:, :num_steps]
    if lengths is not None:
        features = zero_padding(features, sequence_mask(lengths, num_steps))
    return features, states, None if weights is None else weights[:, :num_steps]


def _whole_sequence(cell, embedded, states, memory, lengths, training):
    """Run the stack over all steps, then the attention."""
    count = cell.recurrent.num_states
    outputs, *final = cell.recurrent(
        embedded, lengths=lengths, initial_state=states[:count], training=training
    )
    context, weights = None, None
    if cell.attention is not None:
        previous = states[count] if cell.attention.has_state else None
        context, weights = cell.attention.attend(outputs, memory, previous)
        if cell.attention.has_state:
            final.append(_last_step(weights, lengths, previous))
    return cell.combine(outputs, context), final, weights


def _last_step(sequence: Tensor, lengths: Tensor | None, initial: Tensor) -> Tensor:
    """Return each row's last real step of ``(batch, time, ...)``, or the initial one."""
    if lengths is None:
        return sequence[:, -1]
    index = ops.maximum(lengths - 1, 0)
    last = ops.take_along_axis(sequence, index[:, None, None], axis=1)[:, 0]
    return ops.where(lengths[:, None] > 0, last, initial)


def _unroll_steps(
    cell: DecoderCell,
    embedded: Tensor,
    states: list[Tensor],
    memory: Tensors | None,
    lengths: Tensor | None,
    training: bool,
    soft_share: Tensor | None,
) -> tuple[Tensor, list[Tensor], Tensor | None]:
    """Run the steps of a cell one after another."""
    batch, num_steps = ops.shape(embedded)[:2]
    known = embedded if cell.input_feeding and soft_share is None else None
    steps = DecoderSteps(cell, memory, batch, num_steps, training, known)
    sequences = dict(steps.sequences)
    if known is None:
        sequences["embedded"] = embedded
    if lengths is not None:
        # The states stay after a row's last step.
        sequences["real"] = sequence_mask(lengths, num_steps)[:, :, None]
    if soft_share is not None:
        sequences["soft_share"] = ops.cast(soft_share, embedded.dtype)[:, :, None]
        # The last features become a state; input feeding has them as one already.
        states = [*states, ops.zeros((batch, cell.output_units), dtype=embedded.dtype)]

    def body(states, slices):
        inputs, own = slices.get("embedded"), states[: cell.num_states]
        if soft_share is not None:
            inputs = inputs + slices["soft_share"] * _gradient_only(cell, states[-1])
        features, following, weights = steps.step(inputs, own, slices)
        if soft_share is not None:
            following.append(features)
        if lengths is not None:
            pairs = zip(following, states, strict=True)
            following = [ops.where(slices["real"], new, old) for new, old in pairs]
        outputs = {"features": features}
        return (outputs if weights is None else {**outputs, "weights": weights}), following

    sizes: dict[str, int | None] = {"features": cell.output_units}
    if cell.attention is not None:
        sizes["weights"] = None
    outputs, states = run_steps(body, states, sequences, sizes)
    return outputs["features"], states[: cell.num_states], outputs.get("weights")


def _gradient_only(cell: DecoderCell, features: Tensor) -> Tensor:
    """Return zeros with the gradient of the mean embedding of what the features predict."""
    table = ops.stop_gradient(ops.cast(cell.embedding.embeddings, features.dtype))
    probabilities = ops.softmax(cell.project(features), axis=-1)
    mean = ops.matmul(probabilities, table)
    return mean - ops.stop_gradient(mean)
