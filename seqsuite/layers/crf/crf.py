"""Linear-chain conditional random field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from seqsuite.layers.contracts import check_shape
from seqsuite.layers.crf import algorithms
from seqsuite.layers.masking import real_lengths, sequence_mask, zero_padding

Tensor = Any


@keras.saving.register_keras_serializable(package="seqsuite")
class CRF(keras.layers.Layer):
    """Conditional random field: logits of each step plus a learned score for each tag pair.

    The layer turns logits into potentials for its methods, the loss
    :class:`seqsuite.losses.CRFLoss` and the layer :class:`CRFDecoder`; its weights are the
    transition scores. Everything is computed in float32 or float64, whatever the dtype policy.

    Forbidden transitions score -1e9: they have probability 0 and no gradient. A gold sequence with
    one has a loss of about 1e9.

    Args:
        num_tags: Number of tags.
        forbidden_transitions: Pairs of tag ids that must not follow each other, for instance from
            :func:`seqsuite.text.spans.span_constraints`.
        forbidden_starts: Tag ids that must not begin a row.
        forbidden_ends: Tag ids that must not end a row.
        **kwargs: Keras layer arguments.

    Call arguments:
        inputs: Logits ``(batch, time, num_tags)``.
        lengths: Integer ``(batch,)``, or ``None`` when every step is real.

    Returns:
        Potentials, float32 of the inputs' shape, zero at padded steps.

    Raises:
        ValueError: For a tag id outside ``[0, num_tags)``, or arguments of another shape.

    Masking:
        By `lengths` only; a mask that Keras attached to the inputs is not read.

    Example:
        >>> from seqsuite.layers import CRFDecoder
        >>> from seqsuite.losses import CRFLoss
        >>> from seqsuite.text.spans import span_constraints
        >>> labels = ["O", "B-name", "I-name"]
        >>> data = {"token_ids": np.array([[1, 2, 3, 1], [2, 3, 3, 0], [1, 1, 2, 0]]),
        ...         "lengths": np.array([4, 3, 3])}
        >>> tags = np.array([[0, 1, 2, 0], [1, 2, 2, -1], [0, 0, 1, -1]])  # -1 is padding
        >>> token_ids = keras.Input((None,), dtype="int32", name="token_ids")
        >>> lengths = keras.Input((), dtype="int32", name="lengths")
        >>> hidden = keras.layers.Embedding(4, 8)(token_ids)
        >>> crf = CRF(len(labels), *span_constraints(labels))
        >>> potentials = crf(keras.layers.Dense(len(labels))(hidden), lengths=lengths)
        >>> model = keras.Model({"token_ids": token_ids, "lengths": lengths}, potentials)
        >>> model.compile(keras.optimizers.Adam(0.1), loss=CRFLoss(crf))
        >>> history = model.fit(data, tags, epochs=20, verbose=0)
        >>> tagger = keras.Model(model.input, CRFDecoder(crf)(potentials, lengths=lengths))
        >>> [labels[tag] for tag in tagger(data)["tags"].numpy()[0]]
        ['O', 'B-name', 'I-name', 'O']

    Reference:
        Lafferty, McCallum and Pereira, "Conditional Random Fields", ICML 2001; over neural logits:
        Collobert et al., "Natural Language Processing (Almost) from Scratch", JMLR 2011, and
        Lample et al., "Neural Architectures for Named Entity Recognition", NAACL 2016.
    """

    def __init__(
        self,
        num_tags: int,
        forbidden_transitions: Sequence[Sequence[int]] = (),
        forbidden_starts: Sequence[int] = (),
        forbidden_ends: Sequence[int] = (),
        **kwargs,
    ):
        # No autocast: half precision would round the logits.
        super().__init__(autocast=False, **kwargs)
        if num_tags < 1:
            raise ValueError(
                f"Argument `num_tags` must be a positive integer. Received: num_tags={num_tags}"
            )
        self.num_tags = num_tags
        self.forbidden_transitions = [[int(a), int(b)] for a, b in forbidden_transitions]
        self.forbidden_starts = [int(tag) for tag in forbidden_starts]
        self.forbidden_ends = [int(tag) for tag in forbidden_ends]
        # XLA, the default of `fit`, halves the time of a step but compiles for seconds at every new
        # width of batches.
        self.supports_jit = False
        self._forbidden = algorithms.Scores(
            start=self._at("forbidden_starts", (num_tags,)),
            transitions=self._at("forbidden_transitions", (num_tags, num_tags)),
            end=self._at("forbidden_ends", (num_tags,)),
        )
        self.transitions = self._add_scores("transitions", (num_tags, num_tags))
        self.start_scores = self._add_scores("start_scores", (num_tags,))
        self.end_scores = self._add_scores("end_scores", (num_tags,))
        self._is_being_serialized = False
        self.built = True

    def _at(self, argument: str, shape: tuple[int, ...]) -> np.ndarray:
        """Return a mask of the tag ids or pairs of an argument."""
        places = getattr(self, argument)
        marks = np.zeros(shape, bool)
        for place in places:
            if not 0 <= np.min(place) <= np.max(place) < self.num_tags:
                raise ValueError(
                    f"Argument `{argument}` must hold tag ids from 0 to {self.num_tags - 1}. "
                    f"Received: {argument}={places}"
                )
            marks[tuple(np.atleast_1d(place))] = True
        return marks

    def _add_scores(self, name: str, shape: tuple[int, ...]):
        return self.add_weight(
            shape=shape, initializer="zeros", name=name, dtype="float32", autocast=False
        )

    def call(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Turn logits into potentials."""
        return self._standardize(inputs, lengths, name="inputs")[0]

    def compute_output_shape(self, inputs_shape, lengths_shape=None):
        """Return the shape of the logits."""
        return inputs_shape

    def compute_output_spec(self, inputs, lengths=None):
        """Return the shape of the logits, of float32."""
        self._check_width("inputs", inputs)
        return keras.KerasTensor(inputs.shape, dtype="float32")

    def log_partition(self, potentials: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the logarithm of the sum of the exponentiated scores of all tag sequences.

        Exact for paths whose prefixes stay within 600 nats of the best one.

        Args:
            potentials: Outputs of the layer, ``(batch, time, num_tags)``.
            lengths: Integer ``(batch,)``, or ``None`` when every step is real.

        Returns:
            float32 ``(batch,)``; 0 for a row of length 0. Its gradient with respect to the
            potentials is :meth:`marginals`.
        """
        potentials, lengths = self._standardize(potentials, lengths)
        return algorithms.log_partition(potentials, lengths, self._scores())

    def log_likelihood(
        self, potentials: Tensor, tags: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """Return the log-probability of a tag sequence.

        Args:
            potentials: Outputs of the layer, ``(batch, time, num_tags)``.
            tags: Tag ids ``(batch, time)``; padded steps are ignored.
            lengths: Integer ``(batch,)``, or ``None`` when every step is real.

        Returns:
            float32 ``(batch,)``, in nats; 0 for a row of length 0.
        """
        potentials, lengths = self._standardize(potentials, lengths)
        tags = ops.cast(tags, "int32")
        check_shape("tags", tags, tuple(potentials.shape[:2]))
        scores = self._scores()
        score = algorithms.path_score(potentials, tags, lengths, scores)
        return score - algorithms.log_partition(potentials, lengths, scores)

    def viterbi(self, potentials: Tensor, lengths: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Find the most probable tag sequence of each row.

        Args:
            potentials: Outputs of the layer, ``(batch, time, num_tags)``.
            lengths: Integer ``(batch,)``, or ``None`` when every step is real.

        Returns:
            Tags int32 ``(batch, time)``, zero at padded steps, and their unnormalised scores,
            float32 ``(batch,)``. Forbidden sequences are found only where no other exists.
        """
        potentials, lengths = self._standardize(potentials, lengths)
        return algorithms.best_path(potentials, lengths, self._scores())

    def n_best(
        self, potentials: Tensor, lengths: Tensor | None = None, count: int = 5
    ) -> tuple[Tensor, Tensor]:
        """Find the most probable tag sequences of each row.

        Args:
            potentials: Outputs of the layer, ``(batch, time, num_tags)``.
            lengths: Integer ``(batch,)``, or ``None`` when every step is real.
            count: Number of sequences.

        Returns:
            Tags int32 ``(batch, count, time)``, best first, and their unnormalised scores, float32
            ``(batch, count)``; minus :meth:`log_partition`, they are log-probabilities. Missing
            sequences of a row have tags 0 and score -inf.

        Reference:
            Seshadri and Sundberg, "List Viterbi Decoding Algorithms with Applications", 1994.
        """
        if count < 1:
            raise ValueError(
                f"Argument `count` must be a positive integer. Received: count={count}"
            )
        potentials, lengths = self._standardize(potentials, lengths)
        return algorithms.best_paths(potentials, lengths, self._scores(), count)

    def marginals(self, potentials: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the probability of each tag at each step, given the whole row.

        Args:
            potentials: Outputs of the layer, ``(batch, time, num_tags)``.
            lengths: Integer ``(batch,)``, or ``None`` when every step is real.

        Returns:
            float32 ``(batch, time, num_tags)``, zeros at padded steps.
        """
        potentials, lengths = self._standardize(potentials, lengths)
        return algorithms.marginals(potentials, lengths, self._scores())

    def _check_width(self, name: str, potentials: Tensor) -> None:
        if len(potentials.shape) != 3 or potentials.shape[-1] != self.num_tags:
            raise ValueError(
                f"Argument `{name}` must have the shape (batch, time, num_tags={self.num_tags}). "
                f"Received: {name}.shape={tuple(potentials.shape)}"
            )

    def _standardize(
        self, potentials: Tensor, lengths: Tensor | None, name: str = "potentials"
    ) -> tuple[Tensor, Tensor]:
        """Return float32 potentials, zero at padded steps, and int32 lengths within the batch."""
        potentials = ops.cast(potentials, "float32")
        self._check_width(name, potentials)
        if lengths is None:
            return potentials, real_lengths(None, potentials)
        lengths = real_lengths(lengths, potentials)
        return zero_padding(potentials, sequence_mask(lengths, ops.shape(potentials)[1])), lengths

    def _scores(self) -> algorithms.Scores:
        weights = (self.start_scores, self.transitions, self.end_scores)
        return algorithms.Scores(
            *(
                ops.where(forbidden, algorithms.FORBIDDEN, ops.convert_to_tensor(weight))
                for forbidden, weight in zip(self._forbidden, weights, strict=True)
            )
        )

    def get_build_config(self):
        """Mark the layer as a shared object when it is saved.

        Keras marks an object as shared when it serialises it for the second time, but by then the
        configuration of a functional model is a copy, and the loss would load a CRF of its own. A
        second serialisation during the first one marks the layer in time.
        """
        if not self._is_being_serialized:
            self._is_being_serialized = True
            try:
                keras.saving.serialize_keras_object(self)
            finally:
                self._is_being_serialized = False
        return super().get_build_config()

    def get_config(self):
        """Return the constructor arguments."""
        return {
            **super().get_config(),
            "num_tags": self.num_tags,
            "forbidden_transitions": self.forbidden_transitions,
            "forbidden_starts": self.forbidden_starts,
            "forbidden_ends": self.forbidden_ends,
        }
