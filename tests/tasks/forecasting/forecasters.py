"""Small forecasters and series to try them on."""

from __future__ import annotations

import numpy as np

from seqsuite.config import build_config
from seqsuite.data.examples import Examples
from seqsuite.tasks import find_task
from seqsuite.tasks.forecasting.data.series import Series

FORECASTING = find_task("forecasting")
HOUR = 3600
SMALL = {
    "data": {"context_length": 10, "prediction_length": 4, "horizons": "2,4"},
    "model": {"units": 5},
}
COVARIATES = {
    "past_covariates": "warm,wind",
    "future_covariates": "plan",
    "static_covariates": "city",
}


def series(name, rows=40, first_target=0):
    """Hours of counts with what is known beside them."""
    generator = np.random.default_rng(len(name))
    steps = np.arange(rows)
    # Whole numbers, so that they may be counts.
    target = np.round(20 + 3 * np.sin(steps) + generator.normal(size=rows))
    target[[5, 20]] = np.nan
    return Series(
        name,
        HOUR * steps,
        target,
        covariates={
            "warm": generator.normal(size=rows),
            "wind": generator.choice(["N", "S"], rows).astype(object),
            "plan": generator.normal(size=rows),
        },
        static={"city": "Bonn"},
        first_target=first_target,
        frequency="1h",
    )


def built(**sections):
    """A task, its preprocessor, and a model whose weights say something."""
    names = {*SMALL, *sections}
    merged = {name: {**SMALL.get(name, {}), **sections.get(name, {})} for name in names}
    if "architecture" not in merged["model"]:
        merged["model"].setdefault("segment_length", 3)
    task = FORECASTING(build_config(FORECASTING.config_class, merged))
    train = Examples({"series": [series("a").part(30), series("bb").part(30)]})
    preprocessor = task.build_preprocessor(train)
    model = task.build_model(preprocessor)
    generator = np.random.default_rng(2)
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(generator.normal(scale=0.4, size=weight.shape))
    validation = Examples({"series": [series("a", first_target=26), series("bb", first_target=26)]})
    encoded = preprocessor.encode(validation)
    task.calibrate(preprocessor, task.build_predictor(preprocessor, model)(encoded), None)
    return task, preprocessor, model
