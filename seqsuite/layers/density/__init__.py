"""Heads that predict a joint distribution."""
