"""Lossless compression of text with a language model."""
