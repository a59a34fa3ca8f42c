"""Warm-up requests for TensorFlow Serving."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf


def write_warm_up_requests(
    path: Path, model_name: str, requests: dict[str, dict[str, np.ndarray]]
) -> None:
    """Write warm-up requests in the format that TensorFlow Serving replays.

    Args:
        path: The TFRecord file to write.
        model_name: Name of the served model.
        requests: Signature -> input name -> values.
    """
    # PredictionLog{predict_log=6{request=1}}, PredictRequest{model_spec=1, inputs=2}, encoded here
    # instead of depending on the server's package for four nested messages.
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in requests.items():
            specification = _field(1, model_name.encode()) + _field(3, signature.encode())
            request = _field(1, specification)
            for name, values in inputs.items():
                tensor = tf.make_tensor_proto(values).SerializeToString()
                request += _field(2, _field(1, name.encode()) + _field(2, tensor))
            writer.write(_field(6, _field(1, request)))


def _field(number: int, payload: bytes) -> bytes:
    """Encode a length-delimited protocol buffer field."""
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])
