"""Streaming features: audio in chunks gives the frames of the whole recording.

A frame or a receptive field may begin in one chunk and end in another. Each step therefore returns
the samples or frames that are still needed, less than a frame or a receptive field, and takes them
again in the next step; nothing is computed twice. Chunks may have any size, including 0; all rows
of a batch have chunks of the same size.

The functions run in a graph as well as eagerly:

>>> log_mel = LogMelSpectrogram(sample_rate=8000, num_mel_bins=40)
>>> subsampling = ConvolutionalSubsampling(4)
>>> samples = begin_log_mel(batch_size=1)
>>> frames = begin_subsampling(subsampling, batch_size=1, num_features=40)
>>> for _ in range(3):
...     features, samples = continue_log_mel(log_mel, samples, ops.zeros((1, 800)))
...     outputs, frames = continue_subsampling(subsampling, frames, features)
...     print(features.shape[1], "frames,", outputs.shape[1], "outputs")
8 frames, 3 outputs
10 frames, 5 outputs
10 frames, 5 outputs
>>> end_subsampling(subsampling, frames).shape
TensorShape([1, 1, 4])
"""

from __future__ import annotations

from typing import Any

from keras import ops

from seqsuite.layers import ConvolutionalSubsampling, LogMelSpectrogram

Tensor = Any


def begin_log_mel(batch_size: int | Tensor) -> Tensor:
    """Return the pending samples at the beginning of a stream.

    Args:
        batch_size: Rows of the batch.

    Returns:
        No samples, float32 ``(batch, 0)``.
    """
    return ops.zeros((batch_size, 0), dtype="float32")


def continue_log_mel(
    layer: LogMelSpectrogram, pending: Tensor, samples: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the frames that a chunk of samples completes.

    The end of a stream needs no call: samples that do not fill a frame are dropped.

    Args:
        layer: The spectrogram.
        pending: Pending samples, float ``(batch, pending)``.
        samples: The next samples, float ``(batch, time)``.

    Returns:
        Features ``(batch, frames, features)``, and the samples that are pending now.
    """
    samples = ops.concatenate([pending, ops.cast(samples, pending.dtype)], axis=1)
    features = layer(samples)
    # A hop is at most a frame, so all samples to drop have arrived.
    return features, samples[:, ops.shape(features)[1] * layer.hop_length :]


def begin_subsampling(
    layer: ConvolutionalSubsampling, batch_size: int | Tensor, num_features: int
) -> Tensor:
    """Return the pending frames at the beginning of a stream: the padding on the left.

    Args:
        layer: The convolutions.
        batch_size: Rows of the batch.
        num_features: Width of the frames.

    Returns:
        Zeros ``(batch, layer.left_padding, num_features)`` in the layer's compute dtype.
    """
    return ops.zeros((batch_size, layer.left_padding, num_features), dtype=layer.compute_dtype)


def continue_subsampling(
    layer: ConvolutionalSubsampling, pending: Tensor, features: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the outputs that a chunk of frames completes.

    Args:
        layer: The convolutions.
        pending: Pending frames, ``(batch, pending, features)``.
        features: The next frames, ``(batch, time, features)``.

    Returns:
        Outputs ``(batch, outputs, filters)``, and the frames that are pending now.
    """
    features = ops.concatenate([pending, ops.cast(features, pending.dtype)], axis=1)
    outputs = layer.valid(features)
    return outputs, features[:, ops.shape(outputs)[1] * layer.total_stride :]


def end_subsampling(layer: ConvolutionalSubsampling, pending: Tensor) -> Tensor:
    """Return the last outputs of a stream, with the padding on the right.

    Args:
        layer: The convolutions.
        pending: Pending frames, ``(batch, pending, features)``.

    Returns:
        Outputs ``(batch, outputs, filters)``.
    """
    return layer.valid(ops.pad(pending, [(0, 0), (0, layer.right_padding), (0, 0)]))
