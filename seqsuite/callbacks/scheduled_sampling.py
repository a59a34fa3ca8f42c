"""A training callback that moves the probability of scheduled sampling."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras

from seqsuite import schedules
from seqsuite.errors import nearest
from seqsuite.layers import ScheduledSampling, ValueDecoder

SAMPLING_SCHEDULES = ("constant", "linear", "exponential", "inverse_sigmoid")
# Share of the true inputs that an exponential schedule leaves at the end of training.
_LAST_SHARE = 0.01


def sampling_callbacks(schedule: str, maximum: float) -> list[keras.callbacks.Callback]:
    """Return the callbacks of a schedule that spans the training.

    Args:
        schedule: As for :class:`ScheduledSamplingCallback`; ``"none"``: there are none.
        maximum: The largest probability.
    """
    return [] if schedule == "none" else [ScheduledSamplingCallback(schedule, maximum)]


def spanning_settings(schedule: str, total_steps: int) -> dict[str, float]:
    """Return the settings with which a schedule spans a training.

    Args:
        schedule: ``constant``, ``linear``, ``exponential`` (fast at first) or
            ``inverse_sigmoid`` (half done in the middle).
        total_steps: Steps of the training.

    Example:
        >>> spanning_settings("linear", 10)
        {'total_steps': 10}
    """
    return {
        "linear": {"total_steps": total_steps},
        "exponential": {"decay": _LAST_SHARE ** (1 / max(1, total_steps))},
        "inverse_sigmoid": {"k": _steepness(total_steps / 2)},
    }.get(schedule, {})


def _steepness(middle: float) -> float:
    """Return the k of an inverse sigmoid that is half done after `middle` steps: k log k."""
    k = max(math.e, middle)
    for _ in range(50):
        # Newton's method on the convex k log k - middle.
        k = max(1.0, (k + middle) / (1.0 + math.log(k)))
    return k


class ScheduledSamplingCallback(keras.callbacks.Callback):
    """Move the sampling probability of every `ScheduledSampling` layer in a model by a schedule.

    A schedule tells which share of the true tokens is left at a step; the probability is `maximum`
    times the share that is gone: with ``"linear"`` it rises to `maximum` at `total_steps`, with
    ``"exponential"`` and ``"inverse_sigmoid"`` towards it, and with ``"constant"`` it is always
    `maximum`. The layers are found however deep they are nested.

    Batches are counted by the optimizer, so a resumed run continues its schedule; the last
    probability is saved with the model. Where the training loop is not ``fit``, call
    `set_model` once and `update` before each step.

    Args:
        schedule: ``"constant"``, ``"linear"``, ``"exponential"`` or ``"inverse_sigmoid"``, which
            are in `seqsuite.schedules`; or a function from a step to a probability, which
            `maximum` multiplies.
        maximum: The largest probability, in [0, 1].
        per: What a step is: ``"batch"`` or ``"epoch"``.
        **settings: The schedule's own: ``total_steps`` of a linear one, ``decay`` of an
            exponential one, ``k`` of an inverse sigmoid. Without them a named schedule spans the
            training: a linear one ends with it, an exponential one leaves 1 % of the true tokens,
            an inverse sigmoid is half done in the middle.

    Raises:
        ValueError: For an unknown name, wrong settings, a model without such a layer, or a
            schedule without settings where the number of steps is unknown.

    Example:
        >>> schedule = ScheduledSamplingCallback("linear", maximum=0.5, total_steps=10)
        >>> [schedule.probability(step) for step in (0, 5, 10, 11)]
        [0.0, 0.25, 0.5, 0.5]

    Reference:
        Bengio et al., "Scheduled Sampling", 2015, https://arxiv.org/abs/1506.03099
    """

    def __init__(
        self,
        schedule: str | Callable[..., float],
        maximum: float = 1.0,
        per: str = "batch",
        **settings: float,
    ):
        super().__init__()
        if not callable(schedule) and schedule not in SAMPLING_SCHEDULES:
            raise ValueError(
                f"Argument `schedule` must be one of {SAMPLING_SCHEDULES}, or a function. "
                f"Received: schedule={schedule!r}.{nearest(str(schedule), SAMPLING_SCHEDULES)}"
            )
        if not 0 <= maximum <= 1:
            raise ValueError(f"Argument `maximum` must be in [0, 1]. Received: maximum={maximum}")
        if per not in ("batch", "epoch"):
            raise ValueError(f"Argument `per` must be 'batch' or 'epoch'. Received: per={per!r}")
        self.schedule = schedule
        self.maximum = maximum
        self.per = per
        self.settings = settings
        self._layers: list[ScheduledSampling] = []
        self._spans = not settings and not callable(schedule) and schedule != "constant"
        if self._spans:
            return
        try:
            self.probability(0)
        except TypeError as error:
            raise ValueError(
                f"Argument `settings` must be what the schedule takes: {error}. "
                f"Received: settings={settings}"
            ) from error

    def probability(self, step: int) -> float:
        """Return the sampling probability at a step."""
        if self._spans and not self.settings:
            raise ValueError(
                f"Schedule {self.schedule!r} without settings spans a training, and none has begun."
            )
        return schedules.sampling_probability(self.schedule, step, self.maximum, **self.settings)

    def update(self, step: int) -> float:
        """Set the weights to the probability of a step, and return it."""
        probability = self.probability(step)
        for layer in self._layers:
            layer.sampling_probability.assign(probability)
        return probability

    def set_model(self, model: keras.Model) -> None:
        """Find the layers."""
        super().set_model(model)
        self._layers = [
            layer
            for layer in model._flatten_layers()
            if isinstance(layer, (ScheduledSampling, ValueDecoder))
        ]
        if not self._layers:
            raise ValueError(
                "Argument `model` must have a ScheduledSampling or ValueDecoder layer. "
                f"Received: model={model.name!r}"
            )

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Find the settings of a schedule that spans the training."""
        if not self._spans:
            return
        params = self.params or {}
        total = params.get("epochs") or 0
        if self.per == "batch":
            total = params.get("total_steps") or total * (params.get("steps") or 0)
        if not total:
            raise ValueError(
                "Argument `settings` must be given where the number of batches is not known before "
                f"training. Received: schedule={self.schedule!r}, settings={{}}"
            )
        self.settings = spanning_settings(str(self.schedule), total)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Move the weights, when a step is an epoch."""
        if self.per == "epoch":
            batches = (self.params or {}).get("steps")
            done = self._iterations() // batches if batches else epoch
            self.update(max(epoch, done))

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Move the weights, when a step is a batch."""
        if self.per == "batch":
            self.update(self._iterations())

    def _iterations(self) -> int:
        return int(self.model.optimizer.iterations)
