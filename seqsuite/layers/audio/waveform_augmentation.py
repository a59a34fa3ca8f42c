"""Other speeds, levels and noises: what recognisers meet, made from what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from seqsuite.layers.masking import sequence_mask

if TYPE_CHECKING:
    import tensorflow as tf
    from tensorflow import Tensor


Tensor = Any

# Speeds are whole percents, so so many outputs share a matrix of weights.
_ROUND = 100
# The sinc's zero crossings on either side, where it cuts, and its Kaiser window's shape.
_CROSSINGS, _CUTOFF, _BETA = 16, 0.95, 6.0


@keras.saving.register_keras_serializable(package="seqsuite")
class WaveformAugmentation(keras.layers.Layer):
    """Change the speed and the level of each row and add noise to it while training.

    Speed first, which moves pitch, formants and tempo together as on a tape, then gain, then white
    noise, then all is clipped to [-1, 1]. Each is drawn anew for each row, and left out by chance.

    Args:
        speed_range: Least and greatest speed; all whole percents between are equally likely. By a
            windowed sinc, which keeps frequencies up to about 0.8 of half the sample rate as they
            are. ``None``: not changed.
        gain_decibels: Least and greatest gain; ``None``: not changed.
        noise_decibels: Least and greatest ratio of the row's power to the noise's; a silent row
            gets none. ``None``: no noise.
        probability: Of each change, in each row.
        seed: Integer seed of the layer's own generator.
        **kwargs: Keras layer arguments. The dtype is float32 unless given, whatever the policy.

    Call arguments:
        samples: float ``(batch, time)`` in [-1, 1].
        lengths: Real samples of each row, int ``(batch,)``; ``None``: all.
        training: Changes only when true; no random op is run otherwise.

    Returns:
        Samples ``(batch, time)``, and their lengths, int32 ``(batch,)``. In training, time is the
        greatest length, and padding is zero.

    Raises:
        ValueError: For a range that is none, or a probability outside [0, 1].

    Masking:
        By `lengths`; what stands behind a row's end counts as zero.

    Example:
        >>> layer = WaveformAugmentation(speed_range=(0.9, 0.9), probability=1.0)
        >>> samples, lengths = layer(ops.ones((2, 90)), lengths=[90, 45], training=True)
        >>> samples.shape, lengths.numpy().tolist()
        (TensorShape([2, 100]), [100, 50])

    Reference:
        Ko et al., "Audio Augmentation for Speech Recognition", Interspeech 2015,
        https://doi.org/10.21437/Interspeech.2015-711
    """

    def __init__(
        self,
        speed_range: tuple[float, float] | None = (0.9, 1.1),
        gain_decibels: tuple[float, float] | None = (-6.0, 6.0),
        noise_decibels: tuple[float, float] | None = (10.0, 40.0),
        probability: float = 0.5,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(autocast=False, **{"dtype": "float32", **kwargs})
        ranges = {
            "speed_range": speed_range,
            "gain_decibels": gain_decibels,
            "noise_decibels": noise_decibels,
        }
        for name, value in ranges.items():
            if value is None:
                continue
            lowest = 0.1 if name == "speed_range" else -np.inf
            if len(value) != 2 or not lowest <= value[0] <= value[1]:
                raise ValueError(
                    f"Argument `{name}` must be a least and a greatest value"
                    f"{', from 0.1 on' if name == 'speed_range' else ''}. Received: {name}={value}"
                )
        if not 0 <= probability <= 1:
            raise ValueError(
                f"Argument `probability` must be in [0, 1]. Received: probability={probability}"
            )
        self.speed_range = speed_range if speed_range is None else list(speed_range)
        self.gain_decibels = gain_decibels if gain_decibels is None else list(gain_decibels)
        self.noise_decibels = noise_decibels if noise_decibels is None else list(noise_decibels)
        self.probability = probability
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        if speed_range is not None:
            lowest, highest = (round(100 * speed) for speed in speed_range)
            # The first is what rows become whose speed stays.
            self._percents = np.array([100, *range(lowest, highest + 1)], "int32")
            self._weights, self._reach = _speed_weights(self._percents)
            # The new width depends on the speeds drawn, which XLA cannot compile.
            self.supports_jit = False
        self.built = True

    def call(self, samples: Tensor, lengths: Tensor | None = None, training: bool = False):
        """Return `samples` and their lengths, in training changed."""
        samples = ops.cast(samples, self.dtype)
        batch, num_samples = ops.shape(samples)
        if lengths is None:
            lengths = ops.zeros((batch,), dtype="int32") + num_samples
        lengths = ops.cast(lengths, "int32")
        if not training:
            return samples, lengths
        lengths = ops.minimum(lengths, num_samples)
        samples = _zero_behind(samples, lengths)
        if self.speed_range is not None:
            samples, lengths = self._change_speed(samples, lengths)
        if self.gain_decibels is not None:
            gain = self._draw(batch, *self.gain_decibels)
            factor = ops.where(self._chosen(batch), _amplitude(gain), 1.0)
            samples = samples * factor[:, None]
        if self.noise_decibels is not None:
            samples = self._add_noise(samples, lengths, *self.noise_decibels)
        return ops.clip(samples, -1.0, 1.0), lengths

    def _change_speed(self, samples: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Play each row at a speed of its own.

        A matrix product for every hundred outputs, as one of their positions repeats after so many.
        On one core, for 16 x 5 s at 16 kHz, 39 ms; gathering the samples that each output hears
        took 178 ms for four of them, which is no sinc.
        """
        batch = ops.shape(samples)[0]
        drawn = self._draw(batch, 1.0, float(len(self._percents)))
        index = ops.clip(ops.cast(drawn, "int32"), 1, len(self._percents) - 1)
        index = ops.where(self._chosen(batch), index, 0)
        percent = ops.take(ops.convert_to_tensor(self._percents), index)
        # The whole rounds apart, so that no product of lengths exceeds 32 bits.
        rounds, rest = lengths // percent, lengths % percent
        lengths = rounds * _ROUND + (rest * _ROUND + percent - 1) // percent
        width = ops.max(lengths, initial=0)
        num_rounds = (width + _ROUND - 1) // _ROUND
        heard = self._hear(samples, percent, num_rounds)
        weights = ops.take(ops.convert_to_tensor(self._weights, self.dtype), index, axis=0)
        outputs = ops.reshape(ops.matmul(heard, weights), (batch, num_rounds * _ROUND))
        return _zero_behind(outputs[:, :width], lengths), lengths

    def _hear(self, samples: Tensor, percent: Tensor, num_rounds: Tensor) -> Tensor:
        """Gather what each round of outputs hears, ``(batch, rounds, heard)``."""
        samples = ops.pad(samples, [(0, 0), (self._reach, 1)])
        batch, width = ops.shape(samples)
        first = ops.arange(num_rounds, dtype="int32") * percent[:, None]
        place = first[:, :, None] + ops.arange(self._weights.shape[1], dtype="int32")
        row = ops.arange(batch, dtype="int32")[:, None, None] * width
        # The last column is zero, as is all behind it.
        return ops.take(ops.reshape(samples, (-1,)), row + ops.minimum(place, width - 1))

    def _add_noise(self, samples: Tensor, lengths: Tensor, lowest: float, highest: float) -> Tensor:
        batch = ops.shape(samples)[0]
        count = ops.cast(ops.maximum(lengths, 1), self.dtype)
        power = ops.sum(ops.square(samples), axis=1) / count
        ratio = self._draw(batch, lowest, highest)
        level = ops.where(self._chosen(batch), ops.sqrt(power) * _amplitude(-ratio), 0.0)
        noise = keras.random.normal(ops.shape(samples), dtype=self.dtype, seed=self.seed_generator)
        return samples + _zero_behind(noise * level[:, None], lengths)

    def _chosen(self, batch: int | tf.Tensor) -> Tensor:
        return self._draw(batch, 0.0, 1.0) < self.probability

    def _draw(self, batch: int | tf.Tensor, lowest: float, highest: float) -> Tensor:
        """Draw a number for each row."""
        drawn = keras.random.uniform((batch,), dtype=self.dtype, seed=self.seed_generator)
        return lowest + (highest - lowest) * drawn

    def compute_output_spec(self, samples, lengths=None, training=False):
        """Return the shapes; how long rows become is not known beforehand."""
        batch, time = samples.shape
        if self.speed_range is not None and training is not False:
            time = None
        return (
            keras.KerasTensor((batch, time), dtype=self.dtype),
            keras.KerasTensor((batch,), dtype="int32"),
        )

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "speed_range": self.speed_range,
            "gain_decibels": self.gain_decibels,
            "noise_decibels": self.noise_decibels,
            "probability": self.probability,
            "seed": self.seed,
        }
        return {**super().get_config(), **config}


def _zero_behind(samples: Tensor, lengths: Tensor) -> Tensor:
    mask = sequence_mask(lengths, ops.shape(samples)[1])
    return ops.where(mask, samples, ops.zeros((), samples.dtype))


def _amplitude(decibels: Tensor) -> Tensor:
    return ops.exp(decibels * (np.log(10.0) / 20.0))


def _speed_weights(percents: np.ndarray) -> tuple[np.ndarray, int]:
    """Return how much each output of a round takes of each sample, for each speed.

    ``(speeds, heard, 100)``, and how many samples are heard before the round's first.
    """
    reach = int(np.ceil(_CROSSINGS / _CUTOFF * max(1.0, percents.max() / 100)))
    heard = np.arange(-reach, percents.max() + reach + 1)
    weights = np.zeros((len(percents), len(heard), _ROUND), "float32")
    for index, percent in enumerate(percents):
        distance = np.arange(_ROUND) * percent / 100 - heard[:, None]
        cutoff = _CUTOFF * min(1.0, 100 / percent)
        inside = np.maximum(1 - (distance * cutoff / _CROSSINGS) ** 2, 0)
        taps = np.sinc(cutoff * distance) * np.where(inside > 0, np.i0(_BETA * inside**0.5), 0)
        weights[index] = taps / taps.sum(axis=0)
    # Rows whose speed stays are not filtered.
    weights[percents == 100] = (np.arange(_ROUND) == heard[:, None]).astype("float32")
    return weights, reach
