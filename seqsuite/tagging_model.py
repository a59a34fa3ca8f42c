"""A tagger from words to tags: one reader of the sentence, or several towers that vote."""

from __future__ import annotations

from typing import Any

import keras

from seqsuite.layers import LanguageModelObjective, RecurrentStack
from seqsuite.losses import TagCrossentropy, TowerLoss
from seqsuite.preprocessing import WordPreprocessor
from seqsuite.spans import span_constraints
from seqsuite.tag_heads import crf_head, softmax_head, stacked_towers
from seqsuite.word_representation import word_representation

Tensor = Any


def build_tagger(
    preprocessor: WordPreprocessor, config: Any, label_smoothing: float, entities: bool
) -> tuple[keras.Model, dict[str, keras.losses.Loss], dict[str, float]]:
    """Build the model of the task, not yet compiled.

    With ``config.num_towers`` above 1 it is an ensemble in one graph: towers share what is known
    of each word and part above it. Each learns from its own loss; what is answered comes from the
    mean of their scores, which is the normalised geometric mean of what each believes.

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
    inputs, words = word_representation(preprocessor, config)
    towers = _read(words, inputs, preprocessor, config)
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
    for name, values in auxiliary.items():
        outputs[name] = stacked_towers(_project(towers, len(values), name))
        losses[name], weights[name] = TagCrossentropy(), config.auxiliary_weight
    if len(towers) > 1:
        losses = {name: TowerLoss(loss) for name, loss in losses.items()}
    return keras.Model(inputs, outputs, name="pos_tagging"), losses, weights


def _read(words: Tensor, inputs: dict, preprocessor: WordPreprocessor, config: Any) -> list[Tensor]:
    """Return the states of each tower, ``(batch, time, 2 * units)``."""
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
    levels, objective = config.num_layers, None
    if config.language_model_weight:
        # Above the first level each direction has seen what the other is to foretell.
        levels -= 1
        weight = config.language_model_weight / config.num_towers
        objective = LanguageModelObjective(
            preprocessor.vocabulary_size, config.embedding_size, weight
        )
    towers = []
    for tower in range(config.num_towers):
        states = words
        if objective is not None:
            first = RecurrentStack(**arguments, name=_name("first_level", tower))
            states = first(states, lengths=inputs["length"])
            states = objective(states, inputs["word_ids"], inputs["length"])
        if levels:
            stack = RecurrentStack(num_layers=levels, **arguments, name=_name("stack", tower))
            states = stack(states, lengths=inputs["length"])
        towers.append(keras.layers.Dropout(config.dropout)(states))
    return towers


def _project(towers: list[Tensor], size: int, name: str) -> list[Tensor]:
    """Return scores of each tower, ``(batch, time, size)``, by weights of its own."""
    return [
        keras.layers.Dense(size, name=_name(name, tower))(states)
        for tower, states in enumerate(towers)
    ]


def _name(name: str, tower: int) -> str:
    """Return the name of a layer; those of a single tower have no number."""
    return f"{name}_tower_{tower + 1}" if tower else name
