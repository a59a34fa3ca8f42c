"""Luong, Bahdanau and location-aware attention over a memory."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from seqsuite.layers.attention.base import MemoryAttention
from seqsuite.layers.recurrent.step_loop import Tensors

Tensor = Any

LUONG_SCORES = ("dot", "general", "scaled", "normalized")


@keras.saving.register_keras_serializable(package="seqsuite")
class LuongAttention(MemoryAttention):
    """Multiplicative attention: the score of a position is a product of query and memory.

    All queries of a sequence take two batched matrix products.

    Args:
        score: ``"dot"``: the product, for a memory as wide as the query; ``"general"``: the memory
            is projected first; ``"scaled"``: the general score times a learned factor, initially
            ``1 / sqrt(query width)``; ``"normalized"``: times that factor as a constant, which
            learns to match symbols fastest.
        **kwargs: Keras layer arguments.

    Call arguments:
        query: ``(batch, units)``, or ``(batch, time, units)`` for many queries at once.
        memory: ``(batch, memory_time, features)``, right-padded.
        memory_length: Integer ``(batch,)``; ``None`` when every position is real.

    Returns:
        The context ``(batch, features)`` and the weights ``(batch, memory_time)``, which sum to 1;
        both with a time axis after the batch where the query has one.

    Raises:
        ValueError: For an unknown score, a dot product of unequal widths, or arguments of another
            batch size.

    Masking:
        By `memory_length` only. A row of length 0 has weights and context of zeros.

    Example:
        >>> attention = LuongAttention("dot")
        >>> memory = keras.ops.array([[[0.0, 9.0], [9.0, 0.0], [9.0, 9.0]]])
        >>> context, weights = attention(keras.ops.array([[1.0, 0.0]]), memory,
        ...                              memory_length=keras.ops.array([2]))
        >>> weights.numpy().round(2).tolist()
        [[0.0, 1.0, 0.0]]

    Reference:
        Luong, Pham and Manning (2015), https://arxiv.org/abs/1508.04025; the factor: Vaswani et al.
        (2017), https://arxiv.org/abs/1706.03762
    """

    def __init__(self, score: str = "general", **kwargs):
        super().__init__(**kwargs)
        if score not in LUONG_SCORES:
            raise ValueError(
                f"Argument `score` must be one of {LUONG_SCORES}. Received: score={score!r}"
            )
        self.score = score

    def build(self, query_shape, memory_shape, memory_length_shape=None, weights_shape=None):
        """Create the matrix and the factor."""
        units, features = query_shape[-1], memory_shape[-1]
        if self.score == "dot" and units != features:
            raise ValueError(
                "Argument `score` must not be 'dot' when the memory is not as wide as the query. "
                f"Received: score='dot', query width {units}, memory width {features}"
            )
        if self.score != "dot":
            self.memory_kernel = self.add_weight(
                shape=(features, units), initializer="glorot_uniform", name="memory_kernel"
            )
        if self.score == "scaled":
            start = keras.initializers.Constant(1.0 / math.sqrt(units))
            self.scale = self.add_weight(shape=(), initializer=start, name="scale")
        self.built = True

    def keys(self, memory: Tensor) -> Tensor:
        """Return the projected memory, transposed, ``(batch, units, memory_time)``."""
        keys = memory
        if self.score != "dot":
            keys = ops.matmul(keys, self.cast(self.memory_kernel))
        if self.score == "scaled":
            keys = keys * self.cast(self.scale)
        if self.score == "normalized":
            keys = keys / math.sqrt(self.memory_kernel.shape[1])
        return ops.transpose(keys, (0, 2, 1))

    def scores(self, query: Tensor, prepared: Tensors, previous: Tensor | None) -> Tensor:
        """Multiply queries and keys."""
        return ops.matmul(query, prepared["keys"])

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "score": self.score}


@keras.saving.register_keras_serializable(package="seqsuite")
class BahdanauAttention(MemoryAttention):
    """Additive attention: the score of a position comes from a hidden layer of query and memory.

    Args:
        units: Width of the hidden layer.
        normalize: Normalise the score vector to a learned length, initially ``1 / sqrt(units)``,
            and add a bias to the hidden layer.
        **kwargs: Keras layer arguments.

    Call arguments:
        query: ``(batch, units)``, or ``(batch, time, units)`` for many queries at once, in
            ``batch * time * memory_time * units`` numbers of memory.
        memory: ``(batch, memory_time, features)``, right-padded.
        memory_length: Integer ``(batch,)``; ``None`` when every position is real.

    Returns:
        The context ``(batch, features)`` and the weights ``(batch, memory_time)``, which sum to 1;
        both with a time axis after the batch where the query has one.

    Raises:
        ValueError: For a width that is not a positive integer, or arguments of another batch size.

    Masking:
        By `memory_length` only. A row of length 0 has weights and context of zeros.

    Example:
        >>> attention = BahdanauAttention(8)
        >>> context, weights = attention(keras.ops.ones((2, 3)), keras.ops.ones((2, 4, 5)),
        ...                              memory_length=keras.ops.array([4, 0]))
        >>> tuple(context.shape), weights.numpy().tolist()
        ((2, 5), [[0.25, 0.25, 0.25, 0.25], [0.0, 0.0, 0.0, 0.0]])

    Reference:
        Bahdanau, Cho and Bengio (2015), https://arxiv.org/abs/1409.0473;
        normalisation: Salimans and Kingma (2016), https://arxiv.org/abs/1602.07868
    """

    def __init__(self, units: int, normalize: bool = False, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(units, int) or units < 1:
            raise ValueError(
                f"Argument `units` must be a positive integer. Received: units={units!r}"
            )
        self.units = units
        self.normalize = normalize

    def build(self, query_shape, memory_shape, memory_length_shape=None, weights_shape=None):
        """Create the weights of the hidden layer and of the score."""
        for name, shape in (
            ("query_kernel", (query_shape[-1], self.units)),
            ("memory_kernel", (memory_shape[-1], self.units)),
            ("score_kernel", (self.units, 1)),
        ):
            weight = self.add_weight(shape=shape, initializer="glorot_uniform", name=name)
            setattr(self, name, weight)
        if self.normalize:
            start = keras.initializers.Constant(1.0 / math.sqrt(self.units))
            self.scale = self.add_weight(shape=(), initializer=start, name="scale")
            self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.built = True

    def keys(self, memory: Tensor) -> Tensor:
        """Return the memory's part of the hidden layer, ``(batch, memory_time, units)``."""
        keys = ops.matmul(memory, self.cast(self.memory_kernel))
        return keys + self.cast(self.bias) if self.normalize else keys

    def scores(self, query: Tensor, prepared: Tensors, previous: Tensor | None) -> Tensor:
        """Run the hidden layer for every pair of query and position."""
        query = ops.matmul(query, self.cast(self.query_kernel))[:, :, None]
        hidden = ops.tanh(self.hidden(query + prepared["keys"][:, None], previous))
        return ops.squeeze(ops.matmul(hidden, self.score_vector()), -1)

    def hidden(self, summed: Tensor, previous: Tensor | None) -> Tensor:
        """Return the input of the hidden layer, to which subclasses add."""
        return summed

    def score_vector(self) -> Tensor:
        """Return the weights from the hidden layer to the score, ``(units, 1)``."""
        vector = self.cast(self.score_kernel)
        if not self.normalize:
            return vector
        return vector * (self.cast(self.scale) * ops.rsqrt(ops.sum(ops.square(vector))))

    def get_config(self):
        """Return the constructor arguments."""
        return {**super().get_config(), "units": self.units, "normalize": self.normalize}


@keras.saving.register_keras_serializable(package="seqsuite")
class LocationAttention(BahdanauAttention):
    """Additive attention that also depends on the weights of the previous step.

    A convolution of the previous weights enters the hidden layer. It keeps monotonic alignments,
    such as those of speech, from jumping between similar positions.

    Args:
        units: Width of the hidden layer.
        num_filters: Filters of the convolution.
        filter_width: Width of the filters in positions, an odd number.
        **kwargs: Arguments of :class:`BahdanauAttention`.

    Call arguments:
        query: ``(batch, units)``, or ``(batch, time, units)``, which runs step by step.
        memory: ``(batch, memory_time, features)``, right-padded.
        memory_length: Integer ``(batch,)``; ``None`` when every position is real.
        weights: Weights of the previous step, ``(batch, memory_time)``, zeros by default.

    Returns:
        The context ``(batch, features)`` and the weights ``(batch, memory_time)``, which sum to 1;
        both with a time axis after the batch where the query has one.

    Raises:
        ValueError: For a number out of range, or arguments of another batch size.

    Masking:
        By `memory_length` only. A row of length 0 has weights and context of zeros.

    Example:
        >>> attention = LocationAttention(8, num_filters=2, filter_width=3)
        >>> query, memory = keras.ops.ones((1, 3)), keras.ops.ones((1, 4, 5))
        >>> context, weights = attention(query, memory)
        >>> context, weights = attention(query, memory, weights=weights)
        >>> tuple(weights.shape)
        (1, 4)

    Reference:
        Chorowski et al. (2015), https://arxiv.org/abs/1506.07503
    """

    has_state = True

    def __init__(self, units: int, num_filters: int = 10, filter_width: int = 31, **kwargs):
        super().__init__(units, **kwargs)
        if num_filters < 1:
            raise ValueError(
                f"Argument `num_filters` must be positive. Received: num_filters={num_filters}"
            )
        if filter_width < 1 or filter_width % 2 == 0:
            raise ValueError(
                "Argument `filter_width` must be a positive odd number. "
                f"Received: filter_width={filter_width}"
            )
        self.num_filters = num_filters
        self.filter_width = filter_width

    def build(self, query_shape, memory_shape, memory_length_shape=None, weights_shape=None):
        """Create the filters beside the weights of additive attention."""
        super().build(query_shape, memory_shape)
        for name, shape in (
            ("filters", (self.filter_width, 1, self.num_filters)),
            ("location_kernel", (self.num_filters, self.units)),
        ):
            weight = self.add_weight(shape=shape, initializer="glorot_uniform", name=name)
            setattr(self, name, weight)

    def hidden(self, summed: Tensor, previous: Tensor | None) -> Tensor:
        """Add the filtered weights of the previous step."""
        filters = self.cast(self.filters)
        location = ops.conv(self.cast(previous)[:, :, None], filters, padding="same")
        # Of a batch without rows, a convolution returns the width of its inputs.
        location = ops.reshape(location, (*ops.shape(previous), self.num_filters))
        return summed + ops.matmul(location, self.cast(self.location_kernel))[:, None]

    def get_config(self):
        """Return the constructor arguments."""
        config = {"num_filters": self.num_filters, "filter_width": self.filter_width}
        return {**super().get_config(), **config}
