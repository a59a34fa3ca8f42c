"""Running a translator over encoded pairs: likelihoods of all, translations of all or of some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from seqsuite.data.batching import batch_dataset, plan_batches

if TYPE_CHECKING:
    from seqsuite.tasks.translation.batches import EncodedPairs
    from seqsuite.tasks.translation.translator import Translator


_BATCH_TOKENS, _MAX_ROWS = 4096, 128
# A sentence of about so many pieces is drawn with its attention.
_SHOWN_PIECES = 12


class TranslationPredictor:
    """What an encoded split is scored from; traced once, however often it is called.

    Args:
        translator: A ``seqsuite.tasks.translation.translator.Translator``.
        final: Translate everything by beam search and measure free running too. Otherwise
            translate greedily, and only some.
    """

    def __init__(self, translator: Translator, final: bool = False):
        self.translator = translator
        self.final = final
        self._likelihood: Any = None
        self._search: Any = None

    def __call__(self, encoded: EncodedPairs) -> dict[str, Any]:
        """Predict.

        Args:
            encoded: Encoded pairs with their targets.

        Returns:
            ``log_probabilities`` of the references and ``num_tokens``, ``(examples,)``;
            ``chosen``, the examples that were translated, and ``translations``, strings. When
            ``final`` also ``log_probabilities_free_running``; and of the example ``shown``
            ``attention`` ``(pieces, source pieces)``, ``pieces`` and ``source_pieces``.
        """
        outputs = self._measure(encoded)
        chosen = np.arange(len(encoded))
        limit = self.translator.settings.validation_examples
        if not self.final and len(chosen) > limit:
            # Spread over all, as neighbors may be alike.
            chosen = np.linspace(0, len(encoded) - 1, limit).astype(np.int64)
        outputs |= {"chosen": chosen, "translations": self._translate(encoded.select(chosen))}
        return outputs | self._show(encoded) if self.final else outputs

    def _measure(self, encoded: EncodedPairs) -> dict[str, np.ndarray]:
        dataset = self._batches(encoded, encoded.lengths)
        if self._likelihood is None:
            self._likelihood = tf.function(
                self._likelihoods,
                input_signature=list(dataset.element_spec[:2]),
                autograph=False,
            )
        targets: Any = encoded.targets
        counts = np.diff(targets["logits"].starts)
        found: dict[str, np.ndarray] = {"num_tokens": counts}
        for features, targets, indices in dataset:
            for name, values in self._likelihood(features, targets).items():
                column = found.setdefault(name, np.zeros(len(encoded)))
                column[indices.numpy()] = values.numpy()
        return found

    def _likelihoods(self, features, targets):
        measure, ids = self.translator.log_probabilities, targets["logits"]
        found = {"log_probabilities": measure(features, ids)}
        if self.final:
            found["log_probabilities_free_running"] = measure(features, ids, free_running=True)
        return found

    def _translate(self, encoded: EncodedPairs) -> np.ndarray:
        # Beams multiply the rows.
        lengths = np.asarray(encoded.features["length"])
        texts = np.full(len(encoded), "", object)
        for features, targets, indices in self._batches(encoded, lengths):
            found = self._searched(features, targets)
            for index, text in zip(indices.numpy(), found.texts[:, 0].numpy(), strict=True):
                texts[index] = text.decode("utf-8", errors="replace")
        return texts

    def _batches(self, encoded: EncodedPairs, lengths: np.ndarray) -> tf.data.Dataset:
        return batch_dataset(encoded, plan_batches(lengths, _BATCH_TOKENS, _MAX_ROWS))

    def _searched(self, features, targets):
        if self._search is None:
            self._search = tf.function(
                lambda ids, length, source: self.translator.translate(
                    ids, length, source, beam_width=None if self.final else 1
                ),
                input_signature=[
                    tf.TensorSpec((None, None), tf.int32),
                    tf.TensorSpec((None,), tf.int32),
                    tf.TensorSpec((None,), tf.string),
                ],
                autograph=False,
            )
        return self._search(features["source_ids"], features["length"], targets["source"])

    def _show(self, encoded: EncodedPairs) -> dict[str, Any]:
        """Translate one sentence of usual length, and keep what was attended to."""
        if not len(encoded):
            return {}
        lengths = np.asarray(encoded.features["length"])
        shown = int(np.argmin(np.abs(lengths - _SHOWN_PIECES)))
        one = encoded.select(np.array([shown]))
        features, targets, _ = next(iter(self._batches(one, lengths[[shown]])))
        found = self._searched(features, targets)
        count = int(found.lengths[0, 0])
        preprocessor = self.translator.preprocessor
        source_pieces = preprocessor.source_vocabulary.pieces
        pieces = preprocessor.target_vocabulary.pieces
        return {
            "shown": shown,
            "attention": found.attention[0, 0, :count].numpy(),
            "source_pieces": [source_pieces[i] for i in features["source_ids"][0].numpy()],
            "pieces": [pieces[i] for i in found.ids[0, 0, :count].numpy()],
        }
