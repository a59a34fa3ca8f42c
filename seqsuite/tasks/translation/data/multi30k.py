"""Multi30k: captions of photographs in English, German, French and Czech, line by line."""

from __future__ import annotations

from pathlib import Path

from seqsuite.data import upstream
from seqsuite.data.examples import Examples
from seqsuite.tasks.translation.config import TranslationDataConfig
from seqsuite.tasks.translation.data.files import examples_of_pairs, language_pair, read_aligned

NAME = "multi30k"
DESCRIPTION = "Multi30k captions en, de, fr, cs, 29,000/1,014/1,000 (Elliott et al. 2016, 2017)"

LANGUAGES = ("en", "de", "fr", "cs")
# Unless another is asked for.
DIRECTION = ("en", "de")
FILES = {"train": "train", "validation": "val", "test": "test_2016_flickr"}
# A commit rather than a branch, so that the checksums stay true.
URL = (
    "https://raw.githubusercontent.com/multi30k/dataset/"
    "a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw/"
)
SHA256 = {
    "train.en": "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f",
    "train.de": "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6",
    "train.fr": "622e75069e9f4c577425c4f277116ce66e63a2401c0a2312d90073cb12379a3c",
    "train.cs": "a65adb8b32e3bc664f21ecba7a6e7f6950fd1f405e135f7c312faabdb6255077",
    "val.en": "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28",
    "val.de": "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a",
    "val.fr": "ca3106f1a72390591d25f6c45cb4cd39dec4cd3f123e099748a3ce5256c160e9",
    "val.cs": "b63226e05c4bd5dd6a42897d74b86a1b9d2c31498252c572b1ea7f7996927fcc",
    "test_2016_flickr.en": "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9",
    "test_2016_flickr.de": "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8",
    "test_2016_flickr.fr": "6d326e188d259fb1d04ac19eae3af956559b3a0b93d7635e56c90987c40c8b90",
    "test_2016_flickr.cs": "200a4a74cc9560f051924abb9803be008d1908d77f747e9141aeb86dfd2797f1",
}

# The last is where upstream's own repository has them.
_FOLDERS = ("translation/multi30k/", "multi30k/", "", "data/task1/raw/")


def load(split: str, options: TranslationDataConfig) -> Examples | None:
    """Read a split in two of its languages, or fetch them when that was asked for.

    The test split is ``test_2016_flickr``, on which most numbers are published.

    Args:
        split: ``train``, ``validation`` or ``test``.
        options: The data section (``dir``, ``download``, ``source_language``, ``target_language``:
            any two of en, de, fr, cs; by default from English to German).

    Returns:
        ``source`` and, as labels, translations of them.

    Reference:
        Elliott et al., "Multi30K: Multilingual English-German Image Descriptions", 2016,
        https://aclanthology.org/W16-3210; Elliott et al., "Findings of the Second Shared Task on
        Multimodal Machine Translation and Multilingual Image Description", 2017,
        https://aclanthology.org/W17-4718.
    """
    source, target = language_pair(options, DIRECTION, LANGUAGES, NAME)
    paths = [_file(f"{FILES[split]}.{language}", options) for language in (source, target)]
    return examples_of_pairs(*read_aligned(paths[0], paths[1]), split, NAME)


def _file(name: str, options: TranslationDataConfig) -> Path:
    places = [f"{folder}{name}{end}" for folder in _FOLDERS for end in ("", ".gz")]
    path = upstream.find(options, places)
    if path is None and not options.download:
        raise upstream.missing(NAME, options, places[:4])
    if path is None:
        path = upstream.fetch(f"{URL}{name}.gz", name=f"multi30k.{name}.gz", sha256=SHA256[name])
    return path
