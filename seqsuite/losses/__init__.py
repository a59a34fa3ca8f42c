"""Losses that Keras lacks, or that must not change when a batch is padded."""

from seqsuite.losses.crf import CRFLoss
from seqsuite.losses.ctc import CTCLoss, ctc_fits, ctc_loss, ctc_minimum_frames
from seqsuite.losses.frames import FrameCrossentropy
from seqsuite.losses.labels import LabelCrossentropy, TagCrossentropy, TowerLoss
from seqsuite.losses.mixture import BivariateMixtureLoss

__all__ = [
    "BivariateMixtureLoss",
    "CRFLoss",
    "CTCLoss",
    "FrameCrossentropy",
    "LabelCrossentropy",
    "TagCrossentropy",
    "TowerLoss",
    "ctc_fits",
    "ctc_loss",
    "ctc_minimum_frames",
]
