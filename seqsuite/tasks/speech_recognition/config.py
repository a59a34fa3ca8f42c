"""Configuration of the speech recognition task."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from seqsuite.config import BucketTrainingConfig, RowDataConfig, check_ranges
from seqsuite.configuration.conditions import Condition, unless, when
from seqsuite.errors import UserError


@dataclass(frozen=True)
class SpeechDataConfig(RowDataConfig):
    """Where utterances come from, and what their transcripts are written with.

    Args:
        input: Recordings (audio), or ready features of frames (features).
        sample_rate: Samples a second that recordings are brought to, in hertz.
        max_seconds: Longer utterances are not learned.
        case: Bring transcripts to lower or upper case, or keep them.
        units: What the network tells apart: characters, the phones that words consist of, or the
            words of training transcripts as wholes.
        pronunciations: The phones of words, for units phones: a file as CMUdict writes it.
        equalize: Filter the recordings of each speaker so that their average spectrum is that of
            training, which takes microphones and rooms away. Of a speaker it needs a dozen
            recordings or more, without transcripts; those of a request to a served model count as
            one speaker's.
        alphabet: The characters of transcripts, the space among them; empty: those that occur in
            training.
        held_out_speaker: Of fsdd: test on this speaker, train on the others.
        digit_strings: Of fsdd: test on that many strings of two to five recordings.
        training_strings: Of fsdd: learn from that many strings of training recordings too.
        synthetic_strings: Learn from that many strings of digits from the sample's synthesiser too.
    """

    free_labels = True

    read_when: ClassVar[dict[str, Condition]] = {
        "max_seconds": unless("source", "sample"),
        **dict.fromkeys(
            ("held_out_speaker", "digit_strings", "training_strings"), when("source", "fsdd")
        ),
    }

    input: Literal["audio", "features"] = "audio"
    sample_rate: int = 8000
    max_seconds: float = 20.0
    case: Literal["lower", "upper", "keep"] = "lower"
    units: Literal["characters", "words", "phones"] = "characters"
    pronunciations: str = ""
    equalize: bool = False
    alphabet: str = ""
    held_out_speaker: str = ""
    digit_strings: int = 0
    training_strings: int = 0
    synthetic_strings: int = 0

    def __post_init__(self):
        super().__post_init__()
        check_ranges(self, {"sample_rate": (1000, 192_000), "max_seconds": (0.1, math.inf)})
        if self.equalize and self.input != "audio":
            raise UserError(
                "data.equalize is for recordings: leave it out with data.input features."
            )
        if bool(self.pronunciations) != (self.units == "phones"):
            raise UserError(
                "data.units phones needs data.pronunciations, the path of a lexicon, and nothing "
                f"else takes one. Received: {self.units} and {self.pronunciations!r}."
            )
        if self.alphabet and self.units != "characters":
            raise UserError(
                f"data.alphabet is of characters: leave it out with data.units {self.units}."
            )
        counts = ("digit_strings", "training_strings", "synthetic_strings")
        check_ranges(self, dict.fromkeys(counts, (0, math.inf)))
        if self.synthetic_strings and (self.input != "audio" or self.sample_rate != 8000):
            raise UserError(
                "data.synthetic_strings have 8,000 samples a second: leave them at 0, or set "
                "data.input audio and data.sample_rate 8000."
            )


@dataclass(frozen=True)
class SpeechModelConfig:
    """Front end and network.

    Args:
        num_mel_bins: Bands of the log-mel spectrogram.
        num_coefficients: Cepstral coefficients made of them (0: the log-mel energies themselves).
        hop_seconds: Time from frame to frame.
        deltas: Orders of time derivatives that are appended. A model that streams has none.
        normalization: Mean and variance of each utterance, of the training data (global: better
            where utterances are single words), or of what was heard so far (running).
        filters: Features of the convolutions.
        kernel_sizes: Frames that each convolution reads.
        strides: Frames from step to step of each convolution.
        look_ahead: Frames after its own that an output may depend on before the recurrent layers;
            -1: centred convolutions. A model that streams needs 0 or more.
        cell: Recurrent cell.
        units: Units of each direction.
        num_layers: Depth.
        bidirectional: Read both ways. A model that streams reads forward only.
        input_dropout: Dropout between the convolutions and the recurrent layers.
        variational_dropout: Dropout of what each recurrent layer reads, the same at every step.
        dropout: Dropout before the prediction.
    """

    read_when: ClassVar[dict[str, Condition]] = dict.fromkeys(
        ("num_mel_bins", "num_coefficients"), when("data.input", "audio")
    )

    num_mel_bins: int = 40
    num_coefficients: int = 0
    hop_seconds: float = 0.01
    deltas: int = 0
    normalization: Literal["utterance", "global", "running"] = "global"
    filters: int = 64
    kernel_sizes: tuple[int, ...] = (5, 5)
    strides: tuple[int, ...] = (2, 1)
    look_ahead: int = -1
    cell: Literal["gru", "lstm", "simple_rnn"] = "lstm"
    units: int = 64
    num_layers: int = 2
    bidirectional: bool = True
    input_dropout: float = 0.1
    variational_dropout: float = 0.2
    dropout: float = 0.2

    def __post_init__(self):
        counts = ("num_mel_bins", "filters", "units", "num_layers")
        check_ranges(self, dict.fromkeys(counts, (1, math.inf)))
        shares = ("input_dropout", "variational_dropout", "dropout")
        check_ranges(self, dict.fromkeys(shares, (0, 0.99)))
        check_ranges(self, {"hop_seconds": (0.001, 1.0), "look_ahead": (-1, math.inf)})
        check_ranges(self, {"deltas": (0, 2), "num_coefficients": (0, self.num_mel_bins)})
        for name in ("kernel_sizes", "strides"):
            if min(getattr(self, name), default=0) < 1:
                raise UserError(
                    f"model.{name} must be numbers of at least 1, such as 5,5. "
                    f"Received: {list(getattr(self, name))}."
                )
        if len(self.strides) != len(self.kernel_sizes):
            raise UserError(
                "model.kernel_sizes and model.strides must have as many numbers. "
                f"Received: {list(self.kernel_sizes)} and {list(self.strides)}."
            )
        if self.bidirectional and self.look_ahead >= 0:
            raise UserError(
                "model.look_ahead is for a model that streams, which reads forward only: set "
                "model.bidirectional false, or leave model.look_ahead at -1."
            )
        if self.streams and self.deltas:
            raise UserError(
                "model.deltas need frames that a stream has not heard yet: leave them at 0 for a "
                "model that streams, or leave model.look_ahead at -1."
            )

    @property
    def streams(self) -> bool:
        """Whether what is said so far can be told before the end."""
        return not self.bidirectional and self.look_ahead >= 0 and self.normalization != "utterance"


@dataclass(frozen=True)
class SpeechTrainingConfig(BucketTrainingConfig):
    """Training and data augmentation.

    Args:
        speed: Recordings are played up to this share faster or slower (0.1: from 0.9 to 1.1).
        gain_decibels: They are made up to so much louder or softer.
        noise_decibels: Lowest signal-to-noise ratio of the noise that is mixed in (0: no noise).
        frequency_warp: Vocal tracts are made up to this share longer or shorter.
        num_time_masks: Stretches of frames that are blanked.
        max_time_mask: Frames of such a stretch at most.
        num_frequency_masks: Groups of neighbouring features that are blanked.
        max_frequency_mask: Features of such a group at most.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        **dict.fromkeys(
            ("speed", "gain_decibels", "noise_decibels", "frequency_warp"),
            when("data.input", "audio"),
        ),
        "max_time_mask": when("num_time_masks"),
        "max_frequency_mask": when("num_frequency_masks"),
    }

    epochs: int = 10
    batch_tokens: int = 8192
    max_batch_size: int = 8
    learning_rate: float = 3e-3
    average_decay: float = 0.99
    speed: float = 0.0
    gain_decibels: float = 0.0
    noise_decibels: float = 0.0
    frequency_warp: float = 0.0
    num_time_masks: int = 1
    max_time_mask: int = 8
    num_frequency_masks: int = 1
    max_frequency_mask: int = 6

    def __post_init__(self):
        super().__post_init__()
        masks = (
            "num_time_masks", "max_time_mask", "num_frequency_masks", "max_frequency_mask",
            "gain_decibels", "noise_decibels",
        )  # fmt: skip
        check_ranges(self, dict.fromkeys(masks, (0, math.inf)))
        check_ranges(self, dict.fromkeys(("speed", "frequency_warp"), (0, 0.5)))


@dataclass(frozen=True)
class SpeechDecodingConfig:
    """How transcripts are searched.

    A served model takes the best path; ``evaluate``, and ``predict`` with a language model, search
    with a beam.

    Args:
        language_model: none, word or character (trained from the training transcripts), or the
            path of an ARPA file (of words).
        order: Tokens of the longest n-grams that are counted.
        weight: Weight of the language model.
        bonus: Added for each of its tokens.
        lexicon: Allow only words of the training transcripts.
        hot_words: Words to be favoured.
        hot_word_bonus: Added for each of them, in nats.
        beam_width: Transcripts kept from frame to frame; 1 takes the best path.
    """

    read_when: ClassVar[dict[str, Condition]] = {
        "order": when("language_model", "word", "character"),
        **dict.fromkeys(("weight", "bonus"), when("language_model")),
        "hot_word_bonus": when("hot_words"),
        "beam_width": when("language_model") | when("lexicon") | when("hot_words"),
    }

    language_model: str = "none"
    order: int = 3
    weight: float = 0.5
    bonus: float = 1.0
    lexicon: bool = False
    hot_words: tuple[str, ...] = ()
    hot_word_bonus: float = 3.0
    beam_width: int = 32

    def __post_init__(self):
        check_ranges(self, {"order": (1, 20), "beam_width": (1, 10_000)})
        check_ranges(self, {"weight": (0, math.inf)})

    @property
    def searches(self) -> bool:
        """Whether anything beside the acoustic model decides."""
        return self.language_model != "none" or self.lexicon or bool(self.hot_words)


@dataclass(frozen=True)
class SpeechServingConfig:
    """Greatest requests that an exported recogniser answers.

    Args:
        max_seconds: Length of an utterance, or of a chunk of a stream; a longer utterance has no
            transcript, which the output problem tells.
        max_request_seconds: Rows of a request times the length of its longest; more are refused.
    """

    max_seconds: float = 120.0
    max_request_seconds: float = 1200.0

    def __post_init__(self):
        # `predict` cuts recordings into parts of 30 seconds.
        check_ranges(self, {"max_seconds": (30, 3600)})
        check_ranges(self, {"max_request_seconds": (self.max_seconds, 36_000)})


@dataclass(frozen=True)
class SpeechConfig:
    """All sections."""

    data: SpeechDataConfig = field(default_factory=SpeechDataConfig)
    model: SpeechModelConfig = field(default_factory=SpeechModelConfig)
    training: SpeechTrainingConfig = field(default_factory=SpeechTrainingConfig)
    decoding: SpeechDecodingConfig = field(default_factory=SpeechDecodingConfig)
    serving: SpeechServingConfig = field(default_factory=SpeechServingConfig)

    def __post_init__(self):
        if self.data.equalize and self.model.streams:
            raise UserError(
                "data.equalize needs recordings that are over: leave it out for a model that "
                "streams, or leave model.look_ahead at -1."
            )
        if self.data.units != "characters" and self.decoding.language_model == "character":
            raise UserError(
                "decoding.language_model character is for data.units characters: use word with "
                f"data.units {self.data.units}."
            )
