"""`predict` of the task."""

from seqsuite.client import Client


class ReverseDigitsClient(Client):
    """Reverses strings."""

    input_name = "digits"

    def _line(self, answer, text):
        return f"{answer['reversed']}\t{text}"
