"""A recurrent forecaster whose steps are segments of the series."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.recurrent.segments import cut_future, cut_history, parallel_step
from seqsuite.layers.recurrent.stack import RecurrentStack
from seqsuite.layers.recurrent.step_loop import run_steps
from seqsuite.layers.recurrent.steps import RecurrentSteps

Tensor = Any

CELLS = ("gru", "lstm")
DECODINGS = ("parallel", "recurrent")


@keras.saving.register_keras_serializable(package="seqsuite")
class SegmentRecurrent(keras.layers.Layer):
    """Forecast with a GRU or LSTM that reads a segment of the series at every step.

    A history of 720 steps in segments of 48 is 15 steps, through which gradients pass easily. Each
    segment goes through a dense layer with ReLU to the stack. To decode in parallel, every future
    segment is one step from the last state, given an embedding of the segment's position; a dense
    layer turns its output into the values of the segment.

    To decode recurrently, what was predicted for a segment is the next one's input, through a dense
    layer with ReLU of its own, since a history may have other channels than a forecast; the first
    one's input are zeros. (In the paper the first segment is predicted without a step.)

    Args:
        units: Width of the states and of all embeddings.
        segment_length: Steps of the series in a segment.
        prediction_length: Steps to forecast.
        cell: ``"gru"`` or ``"lstm"``.
        num_layers: Depth of the stack.
        dropout: Share of the features dropped before the values are predicted.
        decoding: ``"parallel"`` or ``"recurrent"``.
        num_outputs: Numbers to predict for each step, for a head behind; ``None``: one, without an
            axis of its own.
        **kwargs: Keras layer arguments.

    Call arguments:
        history: ``(batch, context)`` or ``(batch, context, channels)``, right-padded; channels such
            as the scaled values, which of them were observed, and covariates.
        lengths: Integer ``(batch,)``; ``None`` when every step is real.
        series: ``(batch, features)``: an embedding of the series or its static covariates, given to
            every future segment through a dense layer.
        future: ``(batch, prediction_length, features)``: covariates known ahead, given to their
            segments through a dense layer with ReLU.
        training: Whether to drop anything.

    Returns:
        ``(batch, prediction_length)``, or ``(batch, prediction_length, num_outputs)``.

    Raises:
        ValueError: For an unknown name, or a number out of range.

    Masking:
        By `lengths` only: the last real step of a row ends its last segment. A row of length 0 is
        forecast from the zero state.

    Example:
        >>> forecaster = SegmentRecurrent(8, segment_length=4, prediction_length=6)
        >>> history = keras.random.normal((2, 18))
        >>> tuple(forecaster(history, lengths=keras.ops.array([18, 7])).shape)
        (2, 6)

    Reference:
        Lin et al. (2023), https://arxiv.org/abs/2308.11200
    """

    def __init__(
        self,
        units: int,
        segment_length: int,
        prediction_length: int,
        cell: str = "gru",
        num_layers: int = 1,
        dropout: float = 0.0,
        decoding: str = "parallel",
        num_outputs: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        for name, value in (
            ("segment_length", segment_length),
            ("prediction_length", prediction_length),
            ("num_outputs", 1 if num_outputs is None else num_outputs),
        ):
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"Argument `{name}` must be a positive integer. Received: {name}={value!r}"
                )
        for name, choice, choices in (("cell", cell, CELLS), ("decoding", decoding, DECODINGS)):
            if choice not in choices:
                raise ValueError(
                    f"Argument `{name}` must be one of {choices}. Received: {name}={choice!r}"
                )
        self.units = units
        self.segment_length = segment_length
        self.prediction_length = prediction_length
        self.cell = cell
        self.num_layers = num_layers
        self.dropout = dropout
        self.decoding = decoding
        self.num_outputs = num_outputs
        self.recurrent = RecurrentStack(
            units, cell, num_layers, return_state=True, name="recurrent", dtype=self.dtype_policy
        )
        self.segment_embedding = self._dense("segment_embedding", units, activation="relu")
        self.output_layer = self._dense("output_layer", self._segment_width)
        self.feature_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self.feedback: Any = None
        if decoding == "recurrent":
            self.feedback = self._dense("feedback", units, activation="relu")
            self.supports_jit = False
        self.series_embedding: Any = None
        self.future_embedding: Any = None

    def _dense(self, name: str, units: int, **arguments) -> keras.layers.Dense:
        return keras.layers.Dense(units, name=name, dtype=self.dtype_policy, **arguments)

    @property
    def num_segments(self) -> int:
        """Number of future segments."""
        return -(-self.prediction_length // self.segment_length)

    @property
    def _segment_width(self) -> int:
        return self.segment_length * (self.num_outputs or 1)

    def build(self, history_shape, lengths_shape=None, series_shape=None, future_shape=None):
        """Create the weights; those of `series` and `future` only where these are given."""
        channels = history_shape[2] if len(history_shape) == 3 else 1
        self.segment_embedding.build((None, None, self.segment_length * channels))
        self.recurrent.build((None, None, self.units))
        self.output_layer.build((None, None, self.units))
        if self.feedback is not None:
            self.feedback.build((None, self._segment_width))
        else:
            self.positions = self.add_weight(
                shape=(self.num_segments, self.units),
                initializer=keras.initializers.RandomNormal(stddev=1.0),
                name="positions",
            )
        if series_shape is not None:
            self.series_embedding = self._dense("series_embedding", self.units, use_bias=False)
            self.series_embedding.build(series_shape)
        if future_shape is not None:
            width = self.segment_length * future_shape[-1]
            self.future_embedding = self._dense("future_embedding", self.units, activation="relu")
            self.future_embedding.build((None, None, width))
        self.built = True

    def call(
        self,
        history: Tensor,
        lengths: Tensor | None = None,
        series: Tensor | None = None,
        future: Tensor | None = None,
        training: bool | None = None,
    ) -> Tensor:
        """Forecast."""
        if len(history.shape) == 2:
            history = history[:, :, None]
        segments, count = cut_history(history, self.segment_length, lengths)
        _, *states = self.recurrent(
            self.segment_embedding(segments), lengths=count, training=training
        )
        by_row = None if series is None else self.series_embedding(series)
        by_step = None
        if future is not None:
            cut = cut_future(future, self.segment_length, self.num_segments)
            by_step = self.future_embedding(cut)
        if self.decoding == "parallel":
            shared = ops.cast(self.positions, self.compute_dtype)
            features = parallel_step(self.recurrent, states, shared, by_row, by_step)
            found = self.output_layer(self.feature_dropout(features, training=training))
        else:
            found = self._feed_back(states, by_row, by_step, training)
        if self.num_outputs is None:
            found = ops.reshape(found, (-1, self.num_segments * self.segment_length))
        else:
            shape = (-1, self.num_segments * self.segment_length, self.num_outputs)
            found = ops.reshape(found, shape)
        return found[:, : self.prediction_length]

    def _feed_back(
        self,
        states: list[Tensor],
        by_row: Tensor | None,
        by_step: Tensor | None,
        training: bool | None,
    ) -> Tensor:
        """Predict one segment after another, ``(batch, num_segments, segment width)``."""
        batch, count = ops.shape(states[0])[0], self.recurrent.num_states
        given = ops.zeros((batch, self.num_segments, self.units), dtype=self.compute_dtype)
        if by_row is not None:
            given = given + by_row[:, None]
        if by_step is not None:
            given = given + by_step
        steps = RecurrentSteps(self.recurrent, batch, self.num_segments, bool(training))
        # Dropout is drawn before the loop.
        mask = self.feature_dropout(ops.ones_like(given), training=training)
        sequences = {"given": given, "mask": mask, **steps.sequences}
        previous = ops.zeros((batch, self._segment_width), dtype=self.compute_dtype)

        def body(states, slices):
            inputs = self.feedback(states[count]) + slices["given"]
            features, following = steps.step(inputs, states[:count], slices)
            found = self.output_layer(features * slices["mask"])
            return {"found": found}, [*following, found]

        sizes = {"found": self._segment_width}
        outputs, _ = run_steps(body, [*states, previous], sequences, sizes)
        return outputs["found"]

    def compute_output_shape(
        self, history_shape, lengths_shape=None, series_shape=None, future_shape=None
    ):
        """Return the shape of the forecast."""
        shape = (history_shape[0], self.prediction_length)
        return shape if self.num_outputs is None else (*shape, self.num_outputs)

    def compute_output_spec(self, history, lengths=None, series=None, future=None, training=None):
        """Return the shape of the forecast, of the compute dtype."""
        shape = self.compute_output_shape(history.shape)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "units": self.units,
            "segment_length": self.segment_length,
            "prediction_length": self.prediction_length,
            "cell": self.cell,
            "num_layers": self.num_layers,
            "dropout": self.dropout,
            "decoding": self.decoding,
            "num_outputs": self.num_outputs,
        }
        return {**super().get_config(), **config}
