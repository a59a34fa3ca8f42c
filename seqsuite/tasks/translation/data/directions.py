"""From which language to which a source translates: readers of one usual direction say it."""

from __future__ import annotations

from seqsuite.data import discovery
from seqsuite.tasks.translation.config import TranslationDataConfig
from seqsuite.tasks.translation.data.files import language_pair


def target_language(options: TranslationDataConfig) -> str | None:
    """Return the language that a data section translates to.

    A reader whose pairs have a usual direction names it in ``DIRECTION``; other sources translate
    to what the section says.

    Args:
        options: The data section (``source``, ``source_language``, ``target_language``).

    Returns:
        The language, None where nothing says which it is.

    Example:
        >>> from types import SimpleNamespace
        >>> section = {"source_language": None, "target_language": None}
        >>> target_language(SimpleNamespace(source="multi30k", **section))
        'de'
        >>> target_language(SimpleNamespace(source="files", **section))
    """
    direction = getattr(
        discovery.reader(options.source, "seqsuite.tasks.translation"), "DIRECTION", None
    )
    if direction is None:
        return options.target_language
    return language_pair(options, direction)[1]
