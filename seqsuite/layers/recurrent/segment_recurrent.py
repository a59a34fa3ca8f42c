"""A recurrent forecaster over segments of a series."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import check_shape, freeze_parts
from seqsuite.layers.recurrent.segments import cut_future, cut_history, parallel_step
from seqsuite.layers.recurrent.settings import (
    check_choice,
    check_positive,
)
from seqsuite.layers.recurrent.stack import RecurrentStack
from seqsuite.layers.recurrent.stack_cell import StackCell
from seqsuite.layers.recurrent.step_loop import run_steps

Tensor = Any

CELLS = ("gru", "lstm")
DECODINGS = ("parallel", "recurrent")


@keras.saving.register_keras_serializable(package="seqsuite")
class SegmentRecurrent(keras.layers.Layer):
    """A GRU or LSTM forecaster that reads a segment of the series at every step.

    A history of 720 steps in segments of 48 is 15 recurrent steps, short enough for gradients. A
    dense layer with ReLU embeds each segment. Parallel decoding runs one step from the last state
    for every future segment, on an embedding of the segment's position; a dense layer maps the
    output to the values of the segment.

    Recurrent decoding feeds the prediction of a segment back as the input of the next, through a
    second dense layer with ReLU, since a history can have other channels than a forecast. The first
    input is zeros. (In the paper the first segment is predicted without a step.)

    Args:
        units: Width of the states and of all embeddings.
        segment_length: Steps of the series in a segment.
        prediction_length: Steps to forecast.
        cell: ``"gru"`` or ``"lstm"``.
        num_layers: Depth of the stack.
        dropout: Dropout rate on the features before the output layer.
        decoding: ``"parallel"`` or ``"recurrent"``.
        num_outputs: Outputs per step, the inputs of a head; ``None``: one, without an axis.
        **kwargs: Keras layer arguments.

    Call arguments:
        history: ``(batch, context)`` or ``(batch, context, channels)``, right-padded; channels such
            as the scaled values, an indicator of observed values, and covariates.
        lengths: Integer ``(batch,)``; ``None`` when every step is real.
        series: ``(batch, features)``: an embedding of the series or its static covariates, added to
            every future segment through a dense layer.
        future: ``(batch, prediction_length, features)``: covariates known ahead, added to their
            segments through a dense layer with ReLU.
        training: Whether to apply dropout.

    Returns:
        ``(batch, prediction_length)``, or ``(batch, prediction_length, num_outputs)``.

    Raises:
        ValueError: For an unknown name, a number out of range, or inputs of different batch sizes.

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
        check_positive(segment_length=segment_length, prediction_length=prediction_length)
        if num_outputs is not None:
            check_positive(num_outputs=num_outputs)
        check_choice("cell", cell, CELLS)
        check_choice("decoding", decoding, DECODINGS)
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
        """Create the weights; those of `series` and `future` only with these inputs."""
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
        freeze_parts(self)
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
        batch = history.shape[0]
        if lengths is not None:
            lengths = ops.cast(lengths, "int32")
            check_shape("lengths", lengths, (batch,))
        if series is not None:
            check_shape("series", series, (batch, None))
        if future is not None:
            check_shape("future", future, (batch, self.prediction_length, None))
        segments, count = cut_history(history, self.segment_length, lengths)
        _, *states = self.recurrent(
            self.segment_embedding(segments), lengths=count, training=training
        )
        by_row = None if series is None else self.series_embedding(series)
        by_step = None
        if future is not None:
            segments = cut_future(future, self.segment_length, self.num_segments)
            by_step = self.future_embedding(segments)
        if self.decoding == "parallel":
            shared = ops.cast(self.positions, self.compute_dtype)
            features = parallel_step(self.recurrent, states, shared, by_row, by_step)
            forecast = self.output_layer(self.feature_dropout(features, training=training))
        else:
            forecast = self._feed_back(states, by_row, by_step, training)
        width = () if self.num_outputs is None else (self.num_outputs,)
        forecast = ops.reshape(forecast, (-1, self.num_segments * self.segment_length, *width))
        return forecast[:, : self.prediction_length]

    def _feed_back(
        self,
        states: list[Tensor],
        by_row: Tensor | None,
        by_step: Tensor | None,
        training: bool | None,
    ) -> Tensor:
        """Predict one segment after another, ``(batch, num_segments, segment width)``."""
        batch, count = ops.shape(states[0])[0], self.recurrent.num_states
        context = ops.zeros((batch, self.num_segments, self.units), dtype=self.compute_dtype)
        if by_row is not None:
            context = context + by_row[:, None]
        if by_step is not None:
            context = context + by_step
        cell = StackCell(self.recurrent, batch, self.num_segments, bool(training))
        # Dropout is drawn before the loop.
        mask = self.feature_dropout(ops.ones_like(context), training=training)
        sequences = {"context": context, "mask": mask, **cell.sequences}
        previous = ops.zeros((batch, self._segment_width), dtype=self.compute_dtype)

        def body(states, slices):
            inputs = self.feedback(states[count]) + slices["context"]
            features, following = cell(inputs, states[:count], slices)
            segment = self.output_layer(features * slices["mask"])
            return {"segment": segment}, [*following, segment]

        sizes = {"segment": self._segment_width}
        outputs, _ = run_steps(body, [*states, previous], sequences, sizes)
        return outputs["segment"]

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
