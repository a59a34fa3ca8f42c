"""One pass over a batch that measures gradients, gates and loss, compiled once and called often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from seqsuite.diagnostics.flow import GradientFlow
from seqsuite.diagnostics.gates import KEEP_GATES, GateStatistics, kind_of, summarize
from seqsuite.diagnostics.recording import recording, recurrent_layers
from seqsuite.layers.nested import Nested

if TYPE_CHECKING:
    from tensorflow import Tensor


Tensor = Any


@dataclass(frozen=True)
class Measurement:
    """What one pass found.

    Args:
        loss: The loss of the batch.
        flow: Gradients with respect to the states.
        gates: What the gates did.
        unwatched: Recurrent layers of the model that ran step by step within a loop of its own, or
            not at all, so that nothing is known of them.
    """

    loss: float
    flow: GradientFlow
    gates: GateStatistics
    unwatched: tuple[str, ...] = ()


class Probe:
    """Measure a model on batches, without changing anything in it.

    The pass is one as in inference: nothing is dropped, so that two measurements differ by the
    weights alone. It is traced for the first batch and again only for other shapes.

    Args:
        model: A built Keras model.
        loss: Function of ``(y, outputs)``; the loss that the model was compiled with when None.

    Example:
        >>> model = keras.Sequential([keras.Input((5, 2)), keras.layers.LSTM(3, name="lstm")])
        >>> probe = Probe(model, loss=keras.losses.MeanSquaredError())
        >>> measured = probe(tf.ones((4, 5, 2)), tf.ones((4, 3)))
        >>> list(measured.flow.layers), measured.flow.layers["lstm"].norms.shape
        (['lstm'], (4, 5))
    """

    def __init__(self, model: keras.Model, loss: Callable[[Any, Any], Tensor] | None = None):
        self.model = model
        self._loss = loss
        self._keep: dict[str, str] = {}
        self._unwatched: tuple[str, ...] = ()
        self._compiled: dict[Any, Any] = {}

    def __call__(self, x: Tensor, y: Nested, sample_weight: Nested = None) -> Measurement:
        """Measure a batch.

        Args:
            x: Inputs of the model.
            y: Targets of its loss.
            sample_weight: As in ``fit``.

        Raises:
            ValueError: The model has no recurrent layer whose loop could be watched.
        """
        batch = tensors((x, y, sample_weight))
        kept = [(variable, variable.numpy()) for variable in _passing_variables(self.model)]
        run = self._compile(batch)
        loss, gradients, real, gates = run(*batch, tf.constant(False))
        # The same pass, the gradient stopped at all outputs but the last.
        _, carried, _, _ = run(*batch, tf.constant(True))
        for variable, value in kept:
            variable.assign(value)
        flow = GradientFlow.from_gradients(
            *({name: g.numpy() for name, g in part.items()} for part in (gradients, carried, real))
        )
        statistics = GateStatistics.from_summaries(_numpy(gates), self._keep)
        return Measurement(float(loss), flow, statistics, self._unwatched)

    def _compile(self, batch: tuple) -> Any:
        """Return the pass for batches of this shape."""
        key = tuple((part.shape, part.dtype) for part in tf.nest.flatten(batch) if part is not None)
        if key not in self._compiled:
            run = tf.function(self._measure, autograph=False)
            self._compiled[key] = run.get_concrete_function(*batch, tf.constant(False))
        return self._compiled[key]

    def _measure(self, x, y, sample_weight, end_only):
        with tf.GradientTape() as tape, recording(self.model, end_only, tape.watch) as calls:
            outputs = self.model(x, training=False)
            if self._loss is not None:
                loss = tf.reduce_mean(self._loss(y, outputs))
            else:
                loss = self.model._compute_loss(x, y, outputs, sample_weight, training=False)
        if not calls:
            raise ValueError(
                "Argument `model` must have a recurrent layer (SimpleRNN, LSTM, GRU, RNN, or a "
                f"RecurrentStack) that runs over whole sequences. Received: model={self.model.name}"
            )
        gradients = tape.gradient(
            loss, [call.epsilons for call in calls], unconnected_gradients="zero"
        )
        watched = {id(call.layer) for call in calls}
        layers = recurrent_layers(self.model).items()
        self._unwatched = tuple(name for name, layer in layers if id(layer) not in watched)
        self._keep = {call.name: KEEP_GATES.get(kind_of(call.layer), "") for call in calls}
        return (
            loss,
            {call.name: _norms(g, end_only) for call, g in zip(calls, gradients, strict=True)},
            {call.name: tf.transpose(call.mask) for call in calls},
            {call.name: summarize(call) for call in calls},
        )


def _norms(gradients: tuple[Tensor, ...], end_only: Tensor) -> Tensor:
    """Return the norm of every row's gradient at every step, float32 ``(batch, time)``.

    That of the hidden state, or of all states together: an LSTM hands on a memory beside it.
    """
    squares = [
        tf.reduce_sum(tf.square(tf.cast(gradient, tf.float32)), axis=-1) for gradient in gradients
    ]
    return tf.transpose(tf.sqrt(tf.where(end_only, tf.add_n(squares), squares[0])))


def tensors(values: Nested) -> Any:
    """Return a structure of arrays as one of tensors; None stays."""
    return tf.nest.map_structure(lambda x: x if x is None else tf.convert_to_tensor(x), values)


def _numpy(tensors: Nested) -> Any:
    return tf.nest.map_structure(lambda tensor: tensor.numpy(), tensors)


def _passing_variables(model: keras.Model) -> list[Any]:
    """Variables that a pass may change though they are no weights: random seeds, running means."""
    weights = {id(weight) for weight in model.weights}
    others = [v for v in model.variables if id(v) not in weights]
    return others + list(model.metrics_variables)


def gradient_flow(
    model: keras.Model,
    x: Tensor,
    y: Nested,
    sample_weight: Nested = None,
    loss: Callable[[Any, Any], Tensor] | None = None,
) -> GradientFlow:
    """Measure how far back through time the gradient of a loss reaches in each recurrent layer.

    Args:
        model: A built Keras model with recurrent layers, functional or subclassed.
        x: Inputs of the model.
        y: Targets of its loss.
        sample_weight: As in ``fit``.
        loss: Function of ``(y, outputs)``; the loss that the model was compiled with when None.

    Returns:
        The norms of the loss's gradient with respect to the hidden state of every step.

    Example:
        >>> model = keras.Sequential(
        ...     [keras.Input((50, 1)), keras.layers.SimpleRNN(8, name="recurrent")]
        ... )
        >>> model.compile(loss="mse")
        >>> flow = gradient_flow(model, tf.ones((4, 50, 1)), tf.zeros((4, 8)))
        >>> 0 < flow.layers["recurrent"].reach(fraction=0.01) <= 50
        True

    Reference:
        Pascanu et al., "On the difficulty of training recurrent neural networks", ICML 2013,
        https://arxiv.org/abs/1211.5063
    """
    return Probe(model, loss)(x, y, sample_weight).flow


def gate_statistics(model: keras.Model, x: Tensor) -> GateStatistics:
    """Measure the gates of every recurrent layer of a model.

    Args:
        model: A built Keras model with recurrent layers, functional or subclassed.
        x: Inputs of the model.

    Returns:
        Means, quantiles, saturation and memory times of every layer and gate.

    Example:
        >>> model = keras.Sequential([keras.Input((5, 2)), keras.layers.LSTM(3, name="lstm")])
        >>> statistics = gate_statistics(model, tf.zeros((4, 5, 2)))
        >>> forget = statistics.layers["lstm"]["forget"]  # its bias starts at 1
        >>> round(forget.mean, 4), round(float(forget.memory_steps().mean()), 2)
        (0.7311, 3.72)
    """

    @tf.function(autograph=False)
    def run(x):
        with recording(model) as calls:
            model(x, training=False)
        keep.update({call.name: KEEP_GATES.get(kind_of(call.layer), "") for call in calls})
        return {call.name: summarize(call) for call in calls}

    keep: dict[str, str] = {}
    return GateStatistics.from_summaries(_numpy(run(tensors(x))), keep)
