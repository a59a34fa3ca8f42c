"""Parquet and Excel files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow
from pyarrow import parquet

from seqsuite.errors import UserError

try:
    import openpyxl
except ImportError:  # an extra
    openpyxl = None


def read_parquet(data: bytes, where: object) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """Return the columns and records of a Parquet file.

    Args:
        data: The file.
        where: Named in errors.

    Raises:
        UserError: It cannot be read.
    """
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        return list(file.schema_arrow.names), iter(file.read().to_pylist())
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).split("\n", 1)[0].rstrip(".")
        raise UserError(f"{where} is not a readable Parquet file: {reason}.") from error


def read_excel(data: bytes, where: object) -> tuple[list[str], Iterator[dict[str, Any]]]:
    """Return the columns and records of the first sheet of an Excel file; empty rows are left out.

    Args:
        data: The file.
        where: Named in errors.

    Raises:
        UserError: It cannot be read, or openpyxl is not installed.
    """
    if openpyxl is None:
        raise UserError(
            f"{where} needs openpyxl: pip install 'seqsuite[excel]', or save it as csv."
        )
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        rows = [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
    except Exception as error:  # a damaged archive or XML, of many kinds
        raise UserError(f"{where} is not a readable Excel file: {error!r}.") from error
    header = [str(name) for name in (rows[0] if rows else ()) if name is not None]
    filled = [row for row in rows[1:] if any(cell is not None for cell in row)]
    return header, (dict(zip(header, row, strict=False)) for row in filled)


READERS = {"parquet": read_parquet, "xlsx": read_excel}
"""Format -> its reader."""
