"""Strided convolutions over time with exact output lengths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from seqsuite.layers.contracts import freeze_parts
from seqsuite.layers.masking import real_lengths, sequence_mask, zero_padding

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class ConvolutionalSubsampling(keras.layers.Layer):
    """Strided convolutions over time: ``n`` frames become ``ceil(n / total_stride)``.

    The input is padded once, by `left_padding` and `right_padding` zeros, together one less than
    the receptive field; the convolutions themselves pad nothing. So an output depends on its
    receptive field alone, and a stream in chunks gives the outputs of the whole utterance: see
    `seqsuite.layers.audio.streaming`.

    Args:
        filters: Channels of each convolution.
        kernel_sizes: Kernel size of each convolution, in frames.
        strides: Stride of each convolution, at most its kernel size.
        activation: Activation after each convolution.
        dropout: Dropout rate after each convolution.
        look_ahead: Future frames in the receptive field of an output, from 0 (causal) to the
            receptive field minus 1; ``None``: half of these.
        **kwargs: Keras layer arguments.

    Call arguments:
        features: ``(batch, time, features)``.
        lengths: Real frames of each row, int ``(batch,)``; ``None``: all.
        training: Whether to apply dropout.

    Returns:
        ``(batch, ceil(time / total_stride), filters)``, zero from each row's
        ``output_lengths(lengths)`` on.

    Raises:
        ValueError: If sizes, strides and `look_ahead` do not fit each other, or lengths the batch.

    Masking:
        By `lengths` only; padded frames are read as zeros.

    Example:
        >>> layer = ConvolutionalSubsampling(8, kernel_sizes=(3, 3), strides=(2, 1))
        >>> layer(ops.ones((2, 7, 5)), lengths=ops.array([7, 3])).shape
        TensorShape([2, 4, 8])
        >>> layer.output_lengths([7, 3, 0]).numpy().tolist()
        [4, 2, 0]
        >>> layer.receptive_field, layer.total_stride, layer.left_padding, layer.right_padding
        (7, 2, 3, 3)

    Reference:
        Amodei et al., "Deep Speech 2" (2016), https://arxiv.org/abs/1512.02595
    """

    def __init__(
        self,
        filters: int,
        kernel_sizes: Sequence[int] = (3, 3),
        strides: Sequence[int] = (2, 1),
        activation: str = "relu",
        dropout: float = 0.0,
        look_ahead: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        kernel_sizes, strides = list(kernel_sizes), list(strides)
        pairs = list(zip(kernel_sizes, strides, strict=False))
        fits = all(1 <= stride <= size for size, stride in pairs)
        if not pairs or len(kernel_sizes) != len(strides) or not fits:
            raise ValueError(
                "Arguments `kernel_sizes` and `strides` must have a number for each convolution, "
                "and no stride may be larger than its kernel. "
                f"Received: kernel_sizes={kernel_sizes}, strides={strides}"
            )
        self.filters = filters
        self.kernel_sizes = kernel_sizes
        self.strides = strides
        self.activation = activation
        self.dropout = dropout
        self.look_ahead = look_ahead
        if not 0 <= self.right_padding < self.receptive_field:
            raise ValueError(
                "Argument `look_ahead` must be at least 0 and less than the receptive field, "
                f"{self.receptive_field}. Received: look_ahead={look_ahead}"
            )
        self._convolutions = [
            keras.layers.Conv1D(
                filters,
                size,
                strides=stride,
                activation=activation,
                name=f"convolution_{index}",
                dtype=self.dtype_policy,
            )
            for index, (size, stride) in enumerate(pairs)
        ]
        self._dropouts = [
            keras.layers.Dropout(dropout, name=f"dropout_{index}", dtype=self.dtype_policy)
            for index in range(len(pairs) if dropout else 0)
        ]

    @property
    def total_stride(self) -> int:
        """Frames between neighbouring outputs."""
        return math.prod(self.strides)

    @property
    def receptive_field(self) -> int:
        """Frames that an output depends on."""
        before = [math.prod(self.strides[:index]) for index in range(len(self.strides))]
        return 1 + sum(
            (size - 1) * step for size, step in zip(self.kernel_sizes, before, strict=True)
        )

    @property
    def left_padding(self) -> int:
        """Frames of zeros before the first."""
        return self.receptive_field - 1 - self.right_padding

    @property
    def right_padding(self) -> int:
        """Frames of zeros behind the last."""
        half = (self.receptive_field - 1) // 2
        return half if self.look_ahead is None else self.look_ahead

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Return the number of outputs of each row.

        Args:
            lengths: Real frames of each row, int ``(batch,)``.

        Returns:
            int32 ``(batch,)``.
        """
        return (ops.cast(lengths, "int32") + self.total_stride - 1) // self.total_stride

    def build(self, features_shape, lengths_shape=None):
        """Create the kernels."""
        width = features_shape[-1]
        for convolution in self._convolutions:
            convolution.build((None, None, width))
            width = self.filters
        freeze_parts(self)
        self.built = True

    def call(self, features: Tensor, lengths: Tensor | None = None, training: bool = False):
        """Return the outputs of whole utterances."""
        batch, num_steps = ops.shape(features)[:2]
        if lengths is not None:
            lengths = real_lengths(lengths, features)
            features = zero_padding(features, sequence_mask(lengths, num_steps))
        # Convolutions refuse a batch without rows: append one, and cut it off.
        missing = max(1 - batch, 0) if isinstance(batch, int) else ops.maximum(1 - batch, 0)
        padding = [(0, missing), (self.left_padding, self.right_padding), (0, 0)]
        outputs = self.valid(ops.pad(features, padding), training=training)[:batch]
        if lengths is None:
            return outputs
        return zero_padding(
            outputs, sequence_mask(self.output_lengths(lengths), ops.shape(outputs)[1])
        )

    def valid(self, features: Tensor, training: bool = False) -> Tensor:
        """Return the outputs whose receptive fields lie within `features`.

        Args:
            features: ``(batch, time, features)``, already padded.
            training: Whether to apply dropout.

        Returns:
            ``(batch, max(0, (time - receptive_field) // total_stride + 1), filters)``.
        """
        features = ops.cast(features, self.compute_dtype)
        num_steps = ops.shape(features)[1]
        count = None
        if not isinstance(num_steps, int) or num_steps < self.receptive_field:
            # Convolutions refuse to return no outputs: compute one, and cut it off.
            missing = ops.maximum(self.receptive_field - num_steps, 0)
            count = ops.maximum(num_steps - self.receptive_field + self.total_stride, 0)
            count = count // self.total_stride
            features = ops.pad(features, [(0, 0), (0, missing), (0, 0)])
        for index, convolution in enumerate(self._convolutions):
            features = convolution(features)
            if self._dropouts:
                features = self._dropouts[index](features, training=training)
        return features if count is None else features[:, :count]

    def compute_output_shape(self, features_shape, lengths_shape=None):
        """Return ``(batch, outputs, filters)``."""
        time = features_shape[1]
        if time is not None:
            time = -(-time // self.total_stride)
        return (features_shape[0], time, self.filters)

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "filters": self.filters,
            "kernel_sizes": self.kernel_sizes,
            "strides": self.strides,
            "activation": self.activation,
            "dropout": self.dropout,
            "look_ahead": self.look_ahead,
        }
        return {**super().get_config(), **config}
