"""Training of a decoder on what it says itself: some true tokens give way to its own samples."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from seqsuite.layers.decoder.cell import DecoderCell
from seqsuite.layers.decoder.feedback import draw_in_parallel, draw_in_turn
from seqsuite.layers.decoder.teacher_forcing import TeacherForcing
from seqsuite.layers.decoder.unroll import unroll
from seqsuite.layers.masking import sequence_mask
from seqsuite.layers.nested import Nested

Tensor = Any

FEEDBACKS = ("sample", "argmax")
GRADIENTS = ("stop", "straight_through")


@keras.saving.register_keras_serializable(package="seqsuite")
class ScheduledSampling(TeacherForcing):
    """Unroll a `DecoderCell`, feeding it some of its own predictions instead of the true tokens.

    For every token but the first a coin is thrown; with `sampling_probability` the token is the
    one that the cell predicts after all that it was fed before. The tokens are found first, without
    dropout, as when the model is used; then the cell is trained on them as by
    :class:`TeacherForcing`, at the speed of that. At probability 0 finding them costs nothing.

    The probability is a weight that no optimizer moves: it is saved with the model, and
    ``seqsuite.callbacks.scheduled_sampling.ScheduledSamplingCallback`` moves it by a schedule. With
    probability 1 the model runs free. Outside training the layer is `TeacherForcing`, without a
    random operation, unless `free_running` is set.

    Args:
        cell: A :class:`DecoderCell`.
        sampling_probability: Where the weight starts, in [0, 1].
        feedback: ``"sample"``: draw from the predicted distribution; ``"argmax"``: take its best.
        gradient: ``"stop"``: the tokens found are given; ``"straight_through"``: the gradient also
            passes, through the distribution that a token was found by, to the steps before, as if
            the mean embedding under it had been fed. This runs step by step and predicts twice.
        parallel: Find all tokens at once, from the prediction after the true tokens. A token found
            does not depend on those found before it.
        seed: Integer seed of the coins and samples.
        **kwargs: Arguments of :class:`TeacherForcing`.

    Call arguments:
        token_ids: Integer ``(batch, time)``, right-padded: the begin token, then the target without
            its last token.
        memory: ``(batch, memory_time, features)``, for a cell with attention.
        memory_length: Integer ``(batch,)``; ``None`` when all of the memory is real.
        initial_state: List of ``(batch, units)``; ``None`` starts as the stack does.
        lengths: Integer ``(batch,)``; ``None`` when every step is real.
        training: Whether to sample and to drop.
        free_running: Feed every token's prediction whatever the probability, in training or not.

    Returns:
        As :class:`TeacherForcing`: row t of the logits is what to compare with true token t + 1.

    Raises:
        ValueError: For an unknown name, or a probability outside [0, 1].

    Masking:
        By `lengths` and `memory_length` only. Logits at padded steps are the prediction from no
        features at all: leave them out of the loss.

    Example:
        >>> from seqsuite.layers import RecurrentStack, SymbolEmbedding
        >>> cell = DecoderCell(SymbolEmbedding(9, 4), RecurrentStack(6, return_state=True))
        >>> sampling = ScheduledSampling(cell, sampling_probability=0.25)
        >>> logits = sampling(keras.ops.ones((2, 7), "int32"), training=True)
        >>> tuple(logits.shape), float(sampling.sampling_probability)
        ((2, 7, 9), 0.25)

    Reference:
        Bengio et al. (2015), https://arxiv.org/abs/1506.03099; straight through: Goyal, Dyer and
        Berg-Kirkpatrick (2017), https://arxiv.org/abs/1704.06970; in parallel: Duckworth et al.
        (2019), https://arxiv.org/abs/1906.04331
    """

    def __init__(
        self,
        cell: DecoderCell,
        sampling_probability: float = 0.0,
        feedback: str = "sample",
        gradient: str = "stop",
        parallel: bool = False,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(cell, **kwargs)
        if not 0 <= sampling_probability <= 1:
            raise ValueError(
                "Argument `sampling_probability` must be in [0, 1]. "
                f"Received: sampling_probability={sampling_probability}"
            )
        for name, value, choices in (
            ("feedback", feedback, FEEDBACKS),
            ("gradient", gradient, GRADIENTS),
        ):
            if value not in choices:
                raise ValueError(
                    f"Argument `{name}` must be one of {choices}. Received: {name}={value!r}"
                )
        self.feedback = feedback
        self.gradient = gradient
        self.parallel = parallel
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._initial_probability = float(sampling_probability)
        self.sampling_probability = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(sampling_probability),
            trainable=False,
            autocast=False,
            dtype="float32",
            name="sampling_probability",
        )

    def call(
        self,
        token_ids: Tensor,
        memory: Nested = None,
        memory_length: Tensor | None = None,
        initial_state: list[Tensor] | None = None,
        lengths: Tensor | None = None,
        training: bool | None = None,
        free_running: bool = False,
    ) -> Any:
        """Find the tokens to feed and run the cell over them."""
        cell = self.cell
        prepared = cell.prepare_memory(memory, memory_length)
        states = cell.get_initial_state(token_ids, initial_state, prepared)
        soft_share = None
        if training or free_running:
            coins = self._throw(token_ids, lengths, free_running)
            token_ids = self._find(token_ids, states, prepared, lengths, coins)
            if training and self.gradient == "straight_through":
                soft_share = coins
        features, states, weights = unroll(
            cell, token_ids, states, prepared, lengths, training, soft_share
        )
        return self._answer(cell.project(features, training), states, weights, memory)

    def _throw(self, token_ids: Tensor, lengths: Tensor | None, free_running: bool) -> Tensor:
        """Mark the tokens to replace, boolean ``(batch, time)``: never the first, no padding."""
        num_steps = ops.shape(token_ids)[1]
        replaceable = ops.broadcast_to(ops.arange(num_steps) > 0, ops.shape(token_ids))
        if lengths is not None:
            replaceable = ops.logical_and(replaceable, sequence_mask(lengths, num_steps))
        if free_running:
            return replaceable
        coins = self._numbers(token_ids) < self.sampling_probability
        return ops.logical_and(replaceable, coins)

    def _numbers(self, token_ids: Tensor) -> Tensor:
        shape = ops.shape(token_ids)
        return keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)

    def _find(self, token_ids, states, prepared, lengths, coins) -> Tensor:
        numbers = self._numbers(token_ids) if self.feedback == "sample" else None
        draw = draw_in_parallel if self.parallel else draw_in_turn
        return draw(self.cell, token_ids, states, prepared, lengths, coins, numbers)

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "sampling_probability": self._initial_probability,
            "feedback": self.feedback,
            "gradient": self.gradient,
            "parallel": self.parallel,
            "seed": self.seed,
        }
        return {**super().get_config(), **config}
