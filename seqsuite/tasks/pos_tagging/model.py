"""A tagger from words to tags: one reader of the sentence, or several towers that vote."""

from __future__ import annotations

from typing import Any

import keras

from seqsuite.errors import UserError
from seqsuite.layers import LanguageModelObjective, RecurrentStack
from seqsuite.losses import TagCrossentropy, TowerLoss
from seqsuite.tasks.pos_tagging.config import PosTaggingModelConfig
from seqsuite.tasks.pos_tagging.heads import crf_head, softmax_head, stacked_towers
from seqsuite.tasks.pos_tagging.preprocessor import WordPreprocessor
from seqsuite.tasks.pos_tagging.word_encoder import word_inputs, word_representation
from seqsuite.text.spans import span_constraints

Tensor = Any


def build_tagger(
    preprocessor: WordPreprocessor,
    config: PosTaggingModelConfig,
    label_smoothing: float,
    entities: bool,
) -> tuple[keras.Model, dict[str, keras.losses.Loss], dict[str, float]]:
    """Build the model of the task, not yet compiled.

    With ``config.num_towers`` above 1 it is an ensemble in one graph: networks that share no
    weights but the CRF's learn side by side, each from its own loss. What is answered comes from
    the mean of their scores, which is the normalised geometric mean of what each believes. Towers
    that shared what they knew of words agreed too much to gain.

    Args:
        preprocessor: Its vocabularies.
        config: The model section of the task.
        label_smoothing: Share of the target's mass spread over all tags; softmax only.
        entities: Whether tags are spans.

    Returns:
        The model, and losses and their weights by name of an output.

    Reference:
        Lakshminarayanan, Pritzel and Blundell, "Simple and Scalable Predictive Uncertainty
        Estimation using Deep Ensembles", 2017, https://arxiv.org/abs/1612.01474; mean of scores:
        Hinton, "Training Products of Experts by Minimizing Contrastive Divergence", 2002.
    """
    inputs = word_inputs(preprocessor)
    towers = [_read(inputs, preprocessor, config, _suffix(n)) for n in range(config.num_towers)]
    answers = preprocessor.answer_names
    logits = _project(towers, len(answers), "tag_logits")
    recall = {}
    if config.recall_cost and entities:
        outside = preprocessor.labels.index("O")
        recall = {"outside_tag": outside, "recall_cost": config.recall_cost}
    if config.head == "crf":
        forbidden = span_constraints(preprocessor.labels) if entities else ((), (), ())
        outputs, loss = crf_head(logits, inputs["length"], answers, forbidden, **recall)
    else:
        outputs, loss = softmax_head(logits, answers, label_smoothing, **recall)
    losses, weights = {"logits": loss}, {"logits": 1.0}
    auxiliary = preprocessor.auxiliary_labels if config.auxiliary_weight else {}
    usual = (0, type(config).auxiliary_weight)
    if not preprocessor.auxiliary_labels and config.auxiliary_weight not in usual:
        raise UserError(
            "model.auxiliary_weight is of auxiliary columns, which the data lack: leave it "
            f"at {usual[1]}."
        )
    for name, values in auxiliary.items():
        outputs[name] = stacked_towers(_project(towers, len(values), name))
        losses[name], weights[name] = TagCrossentropy(), config.auxiliary_weight
    if len(towers) > 1:
        losses = {name: TowerLoss(loss) for name, loss in losses.items()}
    return keras.Model(inputs, outputs, name="pos_tagging"), losses, weights


def _read(
    inputs: dict[str, Tensor],
    preprocessor: WordPreprocessor,
    config: PosTaggingModelConfig,
    suffix: str,
) -> Tensor:
    """Return the states of a tower, ``(batch, time, 2 * units)``."""
    arguments: dict[str, Any] = {
        "units": config.units,
        "cell": config.cell,
        "bidirectional": True,
        "connection": config.connection,
        "regularization": {
            "dropout": config.variational_dropout,
            "variational": True,
            "weight_drop": config.recurrent_weight_drop,
        },
    }
    lengths, levels = inputs["length"], config.num_layers
    states = word_representation(inputs, preprocessor, config, suffix)
    if config.language_model_weight:
        # Above the first level each direction has seen what the other is to foretell.
        levels -= 1
        first = RecurrentStack(**arguments, name=f"first_level{suffix}")
        # The losses of tags are means over towers too.
        weight = config.language_model_weight / config.num_towers
        objective = LanguageModelObjective(
            preprocessor.vocabulary_size, config.embedding_size, weight
        )
        states = objective(first(states, lengths=lengths), inputs["word_ids"], lengths)
    if levels:
        stack = RecurrentStack(num_layers=levels, **arguments, name=f"stack{suffix}")
        states = stack(states, lengths=lengths)
    return keras.layers.Dropout(config.dropout)(states)


def _project(towers: list[Tensor], size: int, name: str) -> list[Tensor]:
    """Return scores of each tower, ``(batch, time, size)``, by weights of its own."""
    return [
        keras.layers.Dense(size, name=f"{name}{_suffix(number)}")(states)
        for number, states in enumerate(towers)
    ]


def _suffix(number: int) -> str:
    """Return the end of the names of a tower's layers; those of a single one have none."""
    return f"_tower_{number + 1}" if number else ""
