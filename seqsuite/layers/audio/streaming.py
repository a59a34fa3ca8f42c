"""Features of a stream in pieces: frame by frame the same as those of the whole.

A frame, or what a convolution sees, may begin in one chunk and end in another. So what is still
needed of the past waits, as a tensor that goes out of one step and into the next; nothing is
computed twice, and what waits is less than a frame or a receptive field. Chunks may have any size,
also none at all; all rows of a batch have chunks of the same size.

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
    """Return what waits before the first sample.

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

    At the end of a stream there is nothing to do: samples that fill no frame belong to none.

    Args:
        layer: The spectrogram.
        pending: Samples that wait, float ``(batch, waiting)``.
        samples: The next samples, float ``(batch, time)``.

    Returns:
        Features ``(batch, frames, features)``, and the samples that wait now.
    """
    samples = ops.concatenate([pending, ops.cast(samples, pending.dtype)], axis=1)
    features = layer(samples)
    # A hop is at most a frame, so what all these frames are done with has arrived.
    return features, samples[:, ops.shape(features)[1] * layer.hop_length :]


def begin_subsampling(
    layer: ConvolutionalSubsampling, batch_size: int | Tensor, num_features: int
) -> Tensor:
    """Return what waits before the first frame: the padding on the left.

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
    """Return the outputs for which new frames suffice.

    Args:
        layer: The convolutions.
        pending: Frames that wait, ``(batch, waiting, features)``.
        features: The next frames, ``(batch, time, features)``.

    Returns:
        Outputs ``(batch, outputs, filters)``, and the frames that wait now.
    """
    features = ops.concatenate([pending, ops.cast(features, pending.dtype)], axis=1)
    outputs = layer.valid(features)
    return outputs, features[:, ops.shape(outputs)[1] * layer.total_stride :]


def end_subsampling(layer: ConvolutionalSubsampling, pending: Tensor) -> Tensor:
    """Return the outputs that waited for frames which will not come.

    Args:
        layer: The convolutions.
        pending: Frames that wait, ``(batch, waiting, features)``.

    Returns:
        Outputs ``(batch, outputs, filters)``.
    """
    return layer.valid(ops.pad(pending, [(0, 0), (0, layer.right_padding), (0, 0)]))
