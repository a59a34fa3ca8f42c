"""Running a recogniser over encoded utterances: best paths, and what a beam search finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from seqsuite.data.batching import batch_dataset, plan_batches
from seqsuite.decoding.ctc import Transcript, ctc_greedy_search
from seqsuite.tasks.speech_recognition.model import front_end
from seqsuite.tasks.speech_recognition.preprocessor import BLANK

if TYPE_CHECKING:
    import keras

    from seqsuite.tasks.speech_recognition.batches import EncodedUtterances
    from seqsuite.tasks.speech_recognition.preprocessor import SpeechPreprocessor


_BATCH_FRAMES, _MAX_ROWS = 24_000, 128
# An utterance of about so many characters is drawn.
_SHOWN_CHARACTERS = 20


class SpeechPredictor:
    """What an encoded split is scored from; traced once, however often it is called.

    Args:
        preprocessor: An adapted ``SpeechPreprocessor``.
        model: A model of ``build_speech_model``.
        decoder: A beam search; None: the best path is what counts.
        final: Also return what is drawn.
    """

    def __init__(
        self,
        preprocessor: SpeechPreprocessor,
        model: keras.Model,
        decoder: Callable[..., list[list[Transcript]]] | None = None,
        final: bool = False,
    ):
        self.preprocessor = preprocessor
        self.model = model
        self.decoder = decoder
        self.final = final
        self._run: Any = None

    def __call__(self, encoded: EncodedUtterances) -> dict[str, Any]:
        """Predict.

        Args:
            encoded: Encoded utterances.

        Returns:
            ``best_paths``, strings, and ``scores``, their log-probabilities; ``transcripts``, the
            same or what the search found; when final, of one utterance ``shown``: its ``frames``
            ``(frames, features)`` and ``log_probabilities`` ``(steps, symbols)``.
        """
        texts = np.full(len(encoded), "", object)
        searched, scores = texts.copy(), np.zeros(len(encoded))
        plan = plan_batches(encoded.lengths, _BATCH_FRAMES, _MAX_ROWS)
        for features, *_, indices in batch_dataset(encoded, plan):
            logits, found, score = self._answer(features)
            indices = indices.numpy()
            steps = encoded.output_lengths[indices]
            texts[indices] = [text.decode("utf-8") for text in found.numpy()]
            scores[indices] = score.numpy()
            if self.decoder is not None:
                searched[indices] = [best[0].text for best in self.decoder(logits, steps)]
        outputs = {
            "best_paths": texts,
            "transcripts": texts if self.decoder is None else searched,
            "scores": scores,
        }
        return outputs | (self._show(encoded) if self.final and len(encoded) else {})

    def _answer(self, features):
        if self._run is None:
            signature = {name: _any_batch(tensor) for name, tensor in features.items()}
            self._run = tf.function(self._predict, input_signature=[signature], autograph=False)
        logits, text, score = self._run(features)
        return logits.numpy(), text, score

    def _predict(self, features):
        logits = self.model(features, training=False)["logits"]
        found = ctc_greedy_search(logits, blank=BLANK)
        return logits, self.preprocessor.decode(found.ids), found.log_probability

    def _show(self, encoded: EncodedUtterances) -> dict[str, Any]:
        """Return the frames and outputs of one utterance of usual length."""
        targets: Any = encoded.targets
        symbols = np.diff(targets["logits"].starts)
        shown = int(np.argmin(np.abs(symbols - _SHOWN_CHARACTERS)))
        features = encoded.batch(np.array([shown]))
        frames, lengths = front_end(self.model, features)
        logits, *_ = self._answer({k: tf.constant(v) for k, v in features.items()})
        log_probabilities = tf.nn.log_softmax(logits[0, : encoded.output_lengths[shown]]).numpy()
        frames = np.asarray(frames)[0, : int(lengths[0])]
        return {"shown": shown, "frames": frames, "log_probabilities": log_probabilities}


def _any_batch(tensor: tf.Tensor) -> tf.TensorSpec:
    shape = tensor.shape.as_list()
    return tf.TensorSpec([None] * min(2, len(shape)) + shape[2:], tensor.dtype)
