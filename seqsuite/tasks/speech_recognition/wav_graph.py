"""Wav files read in the graph: whatever they hold, and none that fails the others of its batch.

`tf.audio.decode_wav` takes 16-bit PCM alone, and one file that it cannot read fails the whole
batch. Here a file that cannot be read has no samples and a line that says why.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorflow as tf

from seqsuite.serving.limits import after, check_size
from seqsuite.tasks.speech_recognition.resampling_graph import resample

if TYPE_CHECKING:
    from tensorflow import Tensor


Tensor = Any

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN_SIZE = 0xFFFFFFFF
# Files have a handful of chunks; a file of millions is an attack.
_MOST_CHUNKS = 1000
_LEAST_RATE, _GREATEST_RATE = 1000, 192_000


@tf.autograph.experimental.do_not_convert
def decode_waves(
    audio: Tensor,
    sample_rate: int,
    max_seconds: float = math.inf,
    max_request_seconds: float = math.inf,
) -> tuple[Tensor, Tensor, Tensor]:
    """Decode a batch of RIFF/WAVE files.

    PCM of 8, 16, 24 and 32 bits and IEEE floats of 32 and 64 bits, also as WAVE_FORMAT_EXTENSIBLE;
    the mean of all channels; chunks in any order; another sample rate is resampled by
    :func:`seqsuite.tasks.speech_recognition.resampling_graph.resample`. Floats are clipped to [-1,
    1], and are 0 where they are no numbers. Where a file ends before its header says so, what is
    there counts, as it does where a program that could not seek has left 0 or ``0xFFFFFFFF`` for
    the size. Only core TensorFlow ops are used.

    Args:
        audio: The files' bytes, string ``(batch,)``.
        sample_rate: Samples per second of the result.
        max_seconds: A longer file is not read.
        max_request_seconds: Rows times the length of the longest; more are refused.

    Returns:
        Samples, float32 ``(batch, time)`` in [-1, 1], zero behind each row's end; how many of each
        row are real, int32 ``(batch,)``; and what is wrong with it, string ``(batch,)``: empty, or
        one line, such as ``"not a wav file"`` or ``"no samples"``. Such a row has length 0.

    Example:
        >>> samples, lengths, problems = decode_waves(tf.constant(["garbage"]), 16000)
        >>> lengths.numpy().tolist(), problems.numpy().tolist()
        ([0], [b'not a wav file'])

    Raises:
        tf.errors.InvalidArgumentError: All rows together are longer than `max_request_seconds`.
    """
    number = tf.TensorSpec([], tf.int64)
    header_specification = _Header(tf.TensorSpec([], tf.int32), *[number] * 5)
    headers, problems = tf.map_fn(
        _read_header,
        audio,
        fn_output_signature=(header_specification, tf.TensorSpec([], tf.string)),
    )
    # Told by the headers: a file of few bytes may hold many samples.
    rate = tf.maximum(headers.sample_rate, 1)
    seconds = tf.cast(headers.num_frames, tf.float64) / tf.cast(rate, tf.float64)
    too_long = tf.equal(problems, "") & (seconds > max_seconds)
    problems = tf.where(too_long, f"longer than {max_seconds:g} seconds", problems)
    seconds = tf.where(tf.equal(problems, ""), seconds, 0.0)
    if math.isfinite(max_request_seconds):
        longest = tf.reduce_max(tf.concat([tf.zeros([1], tf.float64), seconds], axis=0))
        setting = "seconds, serving.max_request_seconds"
        fits = check_size("audio", tf.size(problems), longest, max_request_seconds, setting)
        audio, headers, problems = after([fits], (audio, headers, problems))

    def decode(inputs):
        content, header, problem = inputs
        return tf.cond(
            tf.equal(problem, ""),
            lambda: resample(_read_samples(content, header), header.sample_rate, sample_rate),
            lambda: tf.zeros([0]),
        )

    row = tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0)
    rows = tf.map_fn(decode, (audio, headers, problems), fn_output_signature=row)
    return rows.to_tensor(), tf.cast(rows.row_lengths(), tf.int32), problems


class _Header(NamedTuple):
    """What a file says of its samples: int64 scalars."""

    encoding: Tensor  # index into _READERS
    num_channels: Tensor
    sample_rate: Tensor
    start: Tensor
    num_bytes: Tensor  # of whole frames
    num_frames: Tensor


def _read_header(content: Tensor) -> tuple[_Header, Tensor]:
    """Return the header, and what is wrong with it, or an empty string."""
    form, start, size = _find_chunks(content)
    tag = _number(form, 0, 2)
    tag = tf.where(tf.equal(tag, _EXTENSIBLE), _number(form, 24, 2), tag)
    num_channels, sample_rate, bits = _number(form, 2, 2), _number(form, 4, 4), _number(form, 14, 2)
    # Samples take whole bytes: those of 12 bits stand in the upper part of two.
    width = (bits + 7) // 8
    known = [
        tf.logical_and(tf.equal(tag, each), tf.equal(width, num_bytes))
        for each, num_bytes, _ in _READERS
    ]
    frame = tf.maximum(num_channels * width, 1)
    num_bytes = size // frame * frame
    encoding = tf.argmax(tf.stack(known), output_type=tf.int32)
    unknown = tf.strings.join(
        ["wav format ", tf.strings.as_string(tag), " of ", tf.strings.as_string(bits), " bits"]
    )
    rate = tf.strings.join(["a sample rate of ", tf.strings.as_string(sample_rate), " hertz"])
    is_wav = tf.logical_and(
        tf.equal(_bytes(content, 0, 4), "RIFF"), tf.equal(_bytes(content, 8, 4), "WAVE")
    )
    problem = tf.constant("")
    # The last one that holds is told.
    for wrong, message in (
        (tf.equal(num_bytes, 0), "no samples"),
        (tf.logical_or(sample_rate < _LEAST_RATE, sample_rate > _GREATEST_RATE), rate),
        (tf.equal(num_channels, 0), "no channels"),
        (tf.logical_not(tf.reduce_any(tf.stack(known))), unknown),
        (tf.strings.length(form) < 16, "no samples"),
        (tf.logical_not(is_wav), "not a wav file"),
    ):
        problem = tf.where(wrong, message, problem)
    header = _Header(encoding, num_channels, sample_rate, start, num_bytes, num_bytes // frame)
    return header, problem


def _find_chunks(content: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the format chunk, and where the data begins and how many bytes of it are there."""
    length = tf.strings.length(content)
    length = tf.cast(length, tf.int64)
    riff_end = _number(content, 4, 4) + 8
    nothing = tf.constant(-1, tf.int64)

    def unfinished(position, form, start, size):
        missing = tf.logical_or(tf.equal(form, ""), start < 0)
        return tf.logical_and(position + 8 <= length, missing)

    def read(position, form, start, size):
        name, body, told = (
            _bytes(content, position, 4),
            position + 8,
            _number(content, position + 4, 4),
        )
        # A size of 0 is that of no samples, or was never filled in: then the file's own size, at
        # its beginning, was not either, or covers nothing from here on.
        unset = tf.logical_or(riff_end <= body, tf.equal(riff_end, _UNKNOWN_SIZE + 8))
        is_data = tf.equal(name, "data")
        endless = tf.logical_and(is_data, tf.logical_and(tf.equal(told, 0), unset))
        there = tf.where(endless, length - body, tf.minimum(told, length - body))
        form = tf.where(tf.equal(name, "fmt "), _bytes(content, body, 40), form)
        # Chunks begin at even places.
        position = body + tf.where(endless, there, told + told % 2)
        return position, form, tf.where(is_data, body, start), tf.where(is_data, there, size)

    first = (tf.constant(12, tf.int64), tf.constant(""), nothing, tf.zeros([], tf.int64))
    _, form, start, size = tf.while_loop(unfinished, read, first, maximum_iterations=_MOST_CHUNKS)
    return form, tf.maximum(start, 0), size


def _bytes(content: Tensor, start: tf.Tensor, count: int) -> Tensor:
    """Return bytes, fewer where the content ends; `start` is at most its length."""
    start = tf.minimum(tf.cast(start, tf.int64), tf.cast(tf.strings.length(content), tf.int64))
    return tf.strings.substr(content, start, tf.constant(count, tf.int64))


def _number(content: Tensor, start: tf.Tensor, count: int) -> Tensor:
    """Return a little-endian number without sign, int64; bytes that are not there are 0."""
    digits = tf.io.decode_raw(_bytes(content, start, count), tf.uint8, fixed_length=count)
    return tf.reduce_sum(tf.cast(digits, tf.int64) * [256**place for place in range(count)])


def _read_samples(content: Tensor, header: _Header) -> Tensor:
    data = tf.strings.substr(content, header.start, header.num_bytes)
    values = tf.switch_case(
        header.encoding, [lambda read=read: read(data) for _, _, read in _READERS]
    )
    return tf.reduce_mean(tf.reshape(values, [-1, header.num_channels]), axis=1)


def _read_integers(dtype: tf.DType, offset: float, scale: float):
    def read(data):
        return (tf.cast(tf.io.decode_raw(data, dtype), tf.float32) - offset) / scale

    return read


def _read_24_bits(data: Tensor) -> Tensor:
    digits = tf.reshape(tf.cast(tf.io.decode_raw(data, tf.uint8), tf.int32), [-1, 3])
    values = tf.reduce_sum(digits * [1, 1 << 8, 1 << 16], axis=1)
    return tf.cast(tf.where(values >= 1 << 23, values - (1 << 24), values), tf.float32) / 2.0**23


def _read_floats(dtype: tf.DType):
    def read(data):
        values = tf.io.decode_raw(data, dtype)
        values = tf.where(tf.math.is_finite(values), values, tf.zeros([], dtype))
        return tf.cast(tf.clip_by_value(values, -1, 1), tf.float32)

    return read


# Format tag, bytes of a sample, and what reads them.
_READERS = (
    (_PCM, 1, _read_integers(tf.uint8, 128.0, 128.0)),
    (_PCM, 2, _read_integers(tf.int16, 0.0, 2.0**15)),
    (_PCM, 3, _read_24_bits),
    (_PCM, 4, _read_integers(tf.int32, 0.0, 2.0**31)),
    (_FLOAT, 4, _read_floats(tf.float32)),
    (_FLOAT, 8, _read_floats(tf.float64)),
)
