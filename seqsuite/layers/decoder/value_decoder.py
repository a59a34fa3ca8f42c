"""A decoder over real values: trained on the true ones, free to run on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from seqsuite.layers.decoder.value_steps import head_point, mask_values, run_values
from seqsuite.layers.masking import sequence_mask
from seqsuite.layers.recurrent.stack import RecurrentStack

if TYPE_CHECKING:
    import tensorflow as tf
    from tensorflow import Tensor


Tensor = Any

FEEDBACKS = ("point", "sample")


@keras.saving.register_keras_serializable(package="seqsuite")
class ValueDecoder(keras.layers.Layer):
    """Predict each value of a series from the one before and the state.

    Every step reads the value before it, whether that was observed, and covariates of the step
    itself. With an encoder's states as the first ones this is the decoder of an encoder-decoder;
    run over the history and on it is DeepAR.

    A call unrolls the stack over known values with its own fast loops (teacher forcing). In
    training, `sampling_probability` of them, but never the first, give way to the decoder's own:
    these are found first, in turn, without dropout or gradient, then the stack is trained on them.
    That probability is a weight that no optimizer moves, as in :class:`ScheduledSampling`; at 0
    finding them costs next to nothing. :meth:`forecast` runs on into the future.

    Args:
        recurrent: A :class:`RecurrentStack` of one direction with ``return_state=True``.
        head: From features to predictions: a :class:`DistributionHead`, a :class:`QuantileHead`, or
            any layer whose first output is the value, such as ``Dense(1)``.
        sampling_probability: Where the weight starts, in [0, 1].
        feedback: What a value gives way to in training: ``"point"``: the mean of a distribution,
            the middle quantile, or the value itself; ``"sample"``: a sample of a distribution.
        dropout: Share of the features dropped before the head.
        return_state: Also return the states.
        seed: Integer seed of the coins and samples.
        **kwargs: Keras layer arguments.

    Call arguments:
        previous_values: ``(batch, time)``, scaled and right-padded: row t of the predictions is
            for the value that follows previous value t. NaN is not observed.
        covariates: ``(batch, time, features)``: of the steps that are predicted.
        observed: bool or float ``(batch, time)``: which previous values exist; ``None``: all that
            are numbers.
        initial_state: List of ``(batch, units)``, as from :class:`StateBridge` or an earlier call;
            ``None`` starts as the stack does.
        lengths: Integer ``(batch,)``; ``None`` when every step is real.
        scale: ``(batch, 1)``, of :class:`SeriesScaling`: needed to sample counts.
        training: Whether to sample and to drop.
        free_running: Feed every prediction but the first whatever the probability, in training or
            not.

    Returns:
        The head's predictions, ``(batch, time, ...)``; with `return_state` a tuple of these and the
        list of states after each row's last step.

    Raises:
        ValueError: For parts that do not fit, an unknown name, or a probability outside [0, 1].

    Masking:
        By `lengths` and `observed` only. Predictions at padded steps come from no features at all:
        leave them out of the loss.

    Example:
        >>> from seqsuite.layers import DistributionHead, RecurrentStack
        >>> stack = RecurrentStack(6, cell="gru", return_state=True)
        >>> decoder = ValueDecoder(stack, DistributionHead("student_t"), return_state=True)
        >>> predictions, states = decoder(keras.ops.ones((2, 7)))
        >>> tuple(predictions["loc"].shape)
        (2, 7)
        >>> tuple(decoder.forecast(keras.ops.ones((2,)), 3, states).shape)
        (2, 3)

    Reference:
        DeepAR: Salinas et al. (2020), https://arxiv.org/abs/1704.04110; scheduled sampling: Bengio
        et al. (2015), https://arxiv.org/abs/1506.03099
    """

    def __init__(
        self,
        recurrent: RecurrentStack,
        head: keras.layers.Layer,
        sampling_probability: float = 0.0,
        feedback: str = "point",
        dropout: float = 0.0,
        return_state: bool = False,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check_parts(recurrent, head, feedback)
        if not 0 <= sampling_probability <= 1:
            raise ValueError(
                "Argument `sampling_probability` must be in [0, 1]. "
                f"Received: sampling_probability={sampling_probability}"
            )
        self.recurrent = recurrent
        self.head = head
        self.feedback = feedback
        self.dropout = dropout
        self.return_state = return_state
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.feature_dropout = keras.layers.Dropout(dropout, dtype=self.dtype_policy)
        self._initial_probability = float(sampling_probability)
        self.sampling_probability = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(sampling_probability),
            trainable=False,
            autocast=False,
            dtype="float32",
            name="sampling_probability",
        )
        self.supports_jit = False

    def build(
        self,
        previous_values_shape,
        covariates_shape=None,
        observed_shape=None,
        initial_state_shape=None,
        lengths_shape=None,
        scale_shape=None,
    ):
        """Create the weights of the stack and the head, where they have none yet."""
        width = 2 + (0 if covariates_shape is None else covariates_shape[-1])
        if not self.recurrent.built:
            self.recurrent.build((None, None, width))
        if not self.head.built:
            self.head.build((None, None, self.recurrent.units))
        self.built = True

    def call(
        self,
        previous_values: Tensor,
        covariates: Tensor | None = None,
        observed: Tensor | None = None,
        initial_state: list[Tensor] | None = None,
        lengths: Tensor | None = None,
        scale: Tensor | None = None,
        training: bool | None = None,
        free_running: bool = False,
    ) -> Any:
        """Predict the values that follow those given."""
        values, mask = mask_values(previous_values, observed, self.compute_dtype)
        inputs = self._inputs(values, mask, covariates)
        if initial_state is None:
            initial_state = self.recurrent.get_initial_state(inputs)
        if training or free_running:
            coins = self._throw(values, lengths, free_running)
            values, mask = self._find(values, mask, covariates, initial_state, coins, scale)
            inputs = self._inputs(values, mask, covariates)
        features, *states = self.recurrent(
            inputs, lengths=lengths, initial_state=list(initial_state), training=training
        )
        predictions = self.head(self.feature_dropout(features, training=training))
        return (predictions, states) if self.return_state else predictions

    def forecast(
        self,
        last_value: Tensor,
        num_steps: int,
        initial_state: list[Tensor],
        covariates: Tensor | None = None,
        noise: Any = None,
        last_observed: Tensor | None = None,
        scale: Tensor | None = None,
    ) -> Tensor:
        """Run into the future on the decoder's own values. There is no random op in it.

        Args:
            last_value: ``(batch,)``: the scaled value before the first one to forecast.
            num_steps: How many.
            initial_state: List of ``(batch, units)``, from a call over all before `last_value`.
            covariates: ``(batch, num_steps, features)``, of the steps to forecast.
            noise: Uniform numbers in [0, 1] to draw paths with, ``(num_steps, num_paths, 2)`` as
                from ``seqsuite.distributions.uniform_table``, or one such table for each row,
                ``(batch, num_steps, num_paths, 2)``; ``None`` feeds the point forecasts back.
            last_observed: bool or float ``(batch,)``: whether `last_value` exists; ``None``: where
                it is a number.
            scale: ``(batch, 1)``, of :class:`SeriesScaling`: needed to sample counts.

        Returns:
            ``(batch, num_steps)`` without noise, else ``(batch, num_steps, num_paths)``; scaled as
            the input.

        Raises:
            ValueError: Noise is given for a head that has no distribution.
        """
        if noise is not None and not hasattr(self.head, "distribution"):
            raise ValueError(
                "Argument `noise` must be None unless `head` is a DistributionHead. "
                f"Received: head={self.head!r}"
            )
        first = None if last_observed is None else last_observed[:, None]
        last_value = ops.convert_to_tensor(last_value)[:, None]
        value, mask = mask_values(last_value, first, self.compute_dtype)
        values, mask = (ops.repeat(x, num_steps, axis=1) for x in (value, mask))
        coins = ops.broadcast_to(ops.arange(num_steps) > 0, ops.shape(values))
        if noise is not None:
            noise = ops.convert_to_tensor(noise)
            noise = noise[None] if len(noise.shape) == 3 else noise
        states = list(initial_state)
        found = run_values(self, values, mask, coins, states, covariates, noise, scale)["next"]
        return found[:, :, 0] if noise is None else found

    def point(self, predictions: tf.Tensor) -> Tensor:
        """Return one value of each prediction: mean, middle quantile, or the value itself.

        Args:
            predictions: What the head returned, ``(batch, time, ...)``.

        Returns:
            ``(batch, time)``.
        """
        return head_point(self.head, predictions)

    def _inputs(self, values: Tensor, mask: Tensor, covariates: Tensor | None) -> Tensor:
        own = ops.stack([values, mask], axis=-1)
        if covariates is None:
            return own
        # In this order, so that a loop can project all covariates beforehand.
        return ops.concatenate([ops.cast(covariates, own.dtype), own], axis=-1)

    def _throw(self, values: Tensor, lengths: Tensor | None, free_running: bool) -> Tensor:
        """Mark the values to replace, boolean ``(batch, time)``: never the first, no padding."""
        num_steps = ops.shape(values)[1]
        replaceable = ops.broadcast_to(ops.arange(num_steps) > 0, ops.shape(values))
        if lengths is not None:
            replaceable = ops.logical_and(replaceable, sequence_mask(lengths, num_steps))
        if free_running:
            return replaceable
        numbers = keras.random.uniform(ops.shape(values), dtype="float32", seed=self.seed_generator)
        return ops.logical_and(replaceable, numbers < self.sampling_probability)

    def _find(self, values, mask, covariates, states, coins, scale) -> tuple[Tensor, Tensor]:
        """Replace the values marked by the decoder's own."""
        noise = None
        if self.feedback == "sample":
            shape = (*ops.shape(values), 1, 2)
            noise = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        # Nothing after the last coin needs to be predicted, but a loop needs a step.
        steps = ops.arange(ops.shape(values)[1], dtype="int32")
        last = ops.max(ops.where(coins, steps, 0), initial=0)
        found = run_values(
            self, values, mask, coins, states, covariates, noise, scale, num_steps=last + 1
        )
        fed = ops.stop_gradient(
            ops.concatenate([found["fed"][:, :, 0], values[:, last + 1 :]], axis=1)
        )
        fed = ops.reshape(fed, ops.shape(values))
        return fed, ops.where(coins, ops.ones_like(mask), mask)

    def get_config(self):
        """Return the constructor arguments."""
        config = {
            "recurrent": keras.saving.serialize_keras_object(self.recurrent),
            "head": keras.saving.serialize_keras_object(self.head),
            "sampling_probability": self._initial_probability,
            "feedback": self.feedback,
            "dropout": self.dropout,
            "return_state": self.return_state,
            "seed": self.seed,
        }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict):
        """Rebuild the layer and its parts, or find those that a model being loaded has."""
        parts = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("recurrent", "head")
        }
        return cls(**{**config, **parts})


def _check_parts(recurrent: Any, head: Any, feedback: str) -> None:
    if not isinstance(recurrent, RecurrentStack) or recurrent.bidirectional:
        raise ValueError(
            "Argument `recurrent` must be a RecurrentStack of one direction. "
            f"Received: recurrent={recurrent!r}"
        )
    if not recurrent.return_state:
        raise ValueError("Argument `recurrent` must be a RecurrentStack with `return_state=True`.")
    if not isinstance(head, keras.layers.Layer):
        raise ValueError(f"Argument `head` must be a Keras layer. Received: head={head!r}")
    if feedback not in FEEDBACKS:
        raise ValueError(
            f"Argument `feedback` must be one of {FEEDBACKS}. Received: feedback={feedback!r}"
        )
    if feedback == "sample" and not hasattr(head, "distribution"):
        raise ValueError(
            "Argument `feedback` must be 'point' unless `head` is a DistributionHead. "
            f"Received: feedback='sample', head={head!r}"
        )
