"""A change of the public interface is a decision: this test makes it visible."""

from __future__ import annotations

import difflib

from tests import public_api


def test_public_interface_is_the_recorded_one():
    recorded = public_api.SNAPSHOT.read_text(encoding="utf-8").splitlines()
    found = public_api.describe().splitlines()
    changes = "\n".join(
        difflib.unified_diff(recorded, found, "recorded", "found", lineterm="", n=0)
    )
    assert not changes, (
        f"The public interface changed:\n{changes}\n"
        "If that is meant: python -m tests.public_api, and a line in CHANGELOG.md."
    )
