"""Truncated back-propagation through time: the state goes on, the gradient does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from seqsuite.layers.nested import Nested

if TYPE_CHECKING:
    pass


STATE_PREFIX = "state_"


def zero_states(model: keras.Model, rows: int | tf.Tensor) -> dict[str, Any]:
    """Return the states that a model with explicit states begins with, in their order.

    Args:
        model: A functional model with inputs ``state_0``, ``state_1``, ... ``(batch, units)``.
        rows: The batch size, a number or a scalar tensor.

    Returns:
        Name -> zeros ``(rows, units)``.

    Example:
        >>> state = keras.Input((4,), name="state_0")
        >>> model = keras.Model({"state_0": state}, state + 1.0)
        >>> {name: tuple(value.shape) for name, value in zero_states(model, 2).items()}
        {'state_0': (2, 4)}
    """
    inputs = model.input if isinstance(model.input, dict) else {}
    names = (name for name in inputs if name.startswith(STATE_PREFIX))
    ordered = sorted(names, key=lambda name: int(name.removeprefix(STATE_PREFIX)))
    return {name: tf.zeros((rows, *inputs[name].shape[1:])) for name in ordered}


@keras.saving.register_keras_serializable(package="seqsuite")
class TruncatedBackpropagation(keras.Model):
    """Train a recurrent model on streams, each batch starting from the states of the one before.

    The model inside takes and returns its states explicitly; this one keeps them between training
    steps in weights of its own, so that a checkpoint holds them. Calling it calls the model inside,
    from states of zero where none are given.

    Args:
        model: A functional model with inputs ``token_ids`` int ``(batch, time)`` and ``state_0``,
            ``state_1``, ... ``(batch, units)``; outputs are a dict of ``logits`` and of the states
            of the same names after the last step.
        rows: Streams per batch; the batch size of every training step.
        **kwargs: Keras model arguments.

    Call arguments:
        inputs: Dict of ``token_ids`` int ``(batch, time)`` and, where they are not zero, of the
            states; any number of rows.
        training: Passed on to the model inside.

    Returns:
        What the model inside returns: ``logits`` and the states after the last step.

    Training data:
        ``({"token_ids", "reset"}, targets)``: ``reset`` bool ``(rows,)`` is true where a row begins
        another stream, and starts it from zeros. The loss given to ``compile`` compares targets
        with ``logits``.

    Example:
        >>> ids = keras.Input((None,), dtype="int32", name="token_ids")
        >>> state = keras.Input((4,), name="state_0")
        >>> x, last = keras.layers.GRU(4, return_sequences=True, return_state=True)(
        ...     keras.layers.Embedding(9, 3)(ids), initial_state=state
        ... )
        >>> outputs = {"logits": keras.layers.Dense(9)(x), "state_0": last}
        >>> inner = keras.Model({"token_ids": ids, "state_0": state}, outputs)
        >>> model = TruncatedBackpropagation(inner, rows=2)
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> model.compile("adam", loss=loss)
        >>> batch = {"token_ids": tf.ones((2, 5), tf.int32), "reset": tf.constant([True, True])}
        >>> sorted(model.train_step((batch, tf.ones((2, 5), tf.int32))))
        ['loss']

    Reference:
        Williams and Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent
        Network Trajectories", Neural Computation 2(4), 1990.
    """

    def __init__(self, model: keras.Model, rows: int, **kwargs):
        super().__init__(**kwargs)
        if rows < 1:
            raise ValueError(f"Argument `rows` must be positive. Received: rows={rows}")
        self.model = model
        self.rows = rows
        inputs = model.input if isinstance(model.input, dict) else {}
        self.state_names = list(zero_states(model, 1))
        missing = {"token_ids", *self.state_names} - set(inputs)
        if missing or not self.state_names or not isinstance(model.output, dict):
            raise ValueError(
                "Argument `model` must have inputs token_ids, state_0, ... and a dict of outputs. "
                f"Received: inputs={sorted(inputs)}"
            )
        self._carried = [
            self.add_weight(
                (rows, *inputs[name].shape[1:]), "zeros", trainable=False, name=f"carried_{name}"
            )
            for name in self.state_names
        ]
        self.built = True

    def call(self, inputs, training=None):
        rows = tf.shape(inputs["token_ids"])[0]
        given = {name: inputs[name] for name in self.state_names if name in inputs}
        states = zero_states(self.model, rows) | given
        return self.model({"token_ids": inputs["token_ids"], **states}, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Compare targets with the logits alone."""
        logits = y_pred["logits"] if isinstance(y_pred, dict) else y_pred
        return super().compute_loss(x, y, logits, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Compare targets with the logits alone."""
        logits = y_pred["logits"] if isinstance(y_pred, dict) else y_pred
        return super().compute_metrics(x, y, logits, sample_weight)

    def get_config(self) -> dict:
        """Return the constructor arguments."""
        return {
            "model": keras.saving.serialize_keras_object(self.model),
            "rows": self.rows,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None):
        """Rebuild the wrapper and the model inside it."""
        model = keras.saving.deserialize_keras_object(config["model"], custom_objects)
        return cls(**{**config, "model": model})

    def train_step(self, data: Nested) -> dict[str, Any]:
        """Run one step on the next segment of all streams; called by ``fit``."""
        features, targets, _ = keras.utils.unpack_x_y_sample_weight(data)
        keep = 1.0 - tf.cast(features["reset"], self.variable_dtype)[:, None]
        states = {
            name: state.value * keep
            for name, state in zip(self.state_names, self._carried, strict=True)
        }
        with tf.GradientTape() as tape:
            outputs = self({"token_ids": features["token_ids"], **states}, training=True)
            loss = self.compute_loss(features, targets, outputs)
            scaled = self.optimizer.scale_loss(loss)
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))
        for name, state in zip(self.state_names, self._carried, strict=True):
            state.assign(outputs[name])
        self._loss_tracker.update_state(loss, sample_weight=self.rows)
        return self.compute_metrics(features, targets, outputs)
