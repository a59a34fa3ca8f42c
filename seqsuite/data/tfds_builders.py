"""Prepared builders of TensorFlow Datasets; downloads on request only."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

from seqsuite.config import FileDataConfig
from seqsuite.data import upstream
from seqsuite.errors import UserError, nearest

if TYPE_CHECKING:
    import tensorflow_datasets as tfds


def prepared_builder(options: FileDataConfig) -> tuple[str, Any]:
    """Return the name and the builder of ``options.source``.

    Args:
        options: The data section (``source``, ``dir``, ``download``).

    Raises:
        UserError: There is no such builder, or it is not prepared and may not be downloaded.
    """
    name = options.source.partition(":")[2]
    builder = _builder(name, options)
    _prepare(builder, name, options)
    return name, builder


def tfds_module() -> ModuleType:
    """Return ``tensorflow_datasets``, whose import takes seconds."""
    import tensorflow_datasets

    return tensorflow_datasets


def _builder(name: str, options: FileDataConfig) -> Any:
    tensorflow_datasets = tfds_module()
    data_dir = upstream.data_dir(options)
    folder = name.split("/")[0].split(":")[0]
    if not options.dir and data_dir is not None and not (data_dir / folder).is_dir():
        data_dir = None  # the environment's folder is of other data sets; TFDS has its own
    try:
        return tensorflow_datasets.builder(name, data_dir=data_dir, try_gcs=False)
    except tensorflow_datasets.core.DatasetNotFoundError as error:
        names = tensorflow_datasets.list_builders(with_community_datasets=False)
        hint = nearest(name.split("/")[0], names)
        raise UserError(f"TensorFlow Datasets has no builder {name!r}.{hint}") from error
    except (ValueError, ImportError) as error:
        reason = " ".join(str(error).split())
        raise UserError(f"tfds:{name} cannot be used: {reason[:300]}") from error


def _prepare(builder: tfds.core.DatasetBuilder, name: str, options: FileDataConfig) -> None:
    if builder.is_prepared():
        return
    if not options.download:
        raise UserError(
            f"tfds:{name} is not prepared in {builder.data_dir}. Add --data.download true to fetch "
            "it, or name the folder that holds it with --data.dir."
        )
    upstream.probe("https://storage.googleapis.com/")
    try:
        builder.download_and_prepare()
    except Exception as error:
        raise UserError(f"tfds:{name} could not be prepared: {error}.") from error
