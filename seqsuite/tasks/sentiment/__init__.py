"""The sentiment task: classification of texts."""

from __future__ import annotations

from seqsuite.task import TaskSpec
from seqsuite.tasks.sentiment.config import SentimentConfig

__all__ = ["TASK", "SentimentConfig"]

TASK = TaskSpec(
    package=__name__,
    summary="classification of texts: sentiment, topics, any labels",
    config_class=SentimentConfig,
    task="task:Sentiment",
    client="client:SentimentClient",
)
