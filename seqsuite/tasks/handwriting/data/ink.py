"""Drawings in files of others: InkML, and JSON of strokes."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import numpy as np

from seqsuite.errors import UserError
from seqsuite.tasks.handwriting.strokes import points_of_strokes, points_of_text

_LABELS = ("label", "word", "text")


def points_of_inkml(data: bytes, where: str) -> tuple[np.ndarray, str]:
    """Return the points of an InkML file, and the text it writes (empty where it says none).

    Points are the first two numbers of each group of a trace; what stands for differences (``'``,
    ``"``) is refused.

    Raises:
        UserError: The file is no InkML, or a point has no two numbers.
    """
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        # InkML needs neither, and entities can fill the memory.
        raise UserError(f"{where}: an InkML file with a document type is not read.")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise UserError(f"{where} is no InkML file: {error}.") from error
    strokes = []
    for trace in root.iter():
        if _name(trace) == "trace":
            groups = (trace.text or "").replace("\n", " ").split(",")
            strokes.append([group.split() for group in groups if group.strip()])
    annotations = [a for a in root if _name(a) == "annotation" and a.get("type") == "truth"]
    label = (annotations[0].text or "").strip() if annotations else ""
    if not strokes:
        raise UserError(f"{where} holds no trace.")
    try:
        return points_of_strokes(strokes), label
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def points_of_json(line: str, where: str) -> tuple[np.ndarray, str]:
    """Return the points and the label of a JSON object.

    ``drawing`` is path data, or strokes as Quick, Draw! has them (lists of x and of y); ``strokes``
    are lists of points. The label is ``label``, ``word`` or ``text``.

    Raises:
        UserError: It is no such object.
    """
    try:
        record = json.loads(line)
    except ValueError as error:
        raise UserError(f"{where} is no JSON: {error}.") from error
    if not isinstance(record, dict):
        raise UserError(f"{where} must be a JSON object with drawing or strokes.")
    label = next((str(record[key]) for key in _LABELS if record.get(key) is not None), "")
    try:
        return _points(record), label
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def _points(record: dict[str, Any]) -> np.ndarray:
    drawing, strokes = record.get("drawing"), record.get("strokes")
    if isinstance(drawing, str):
        return points_of_text(drawing)
    if isinstance(drawing, list):
        if not all(isinstance(s, list) and len(s) > 1 and _same_length(s) for s in drawing):
            raise UserError("drawing must be a list of strokes, each a list of x and one of y.")
        return points_of_strokes([list(zip(s[0], s[1], strict=True)) for s in drawing])
    if isinstance(strokes, list) and all(isinstance(stroke, list) for stroke in strokes):
        return points_of_strokes(strokes)
    raise UserError(f"there is no drawing, nor strokes. Keys are {', '.join(map(str, record))}.")


def _same_length(stroke: list[Any]) -> bool:
    x, y = stroke[:2]
    return isinstance(x, list) and isinstance(y, list) and len(x) == len(y)


def _name(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
