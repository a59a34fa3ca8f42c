"""The type of states and other structures of tensors."""

from __future__ import annotations

from typing import Any

Nested = Any
"""A tensor, or lists, tuples and dictionaries of tensors, as ``tf.nest`` flattens them."""
