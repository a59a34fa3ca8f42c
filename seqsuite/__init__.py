"""seqsuite: applied recurrent sequence tasks in Keras 3 and TensorFlow.

Importing this package imports neither TensorFlow nor Keras, so that command-line help and
configuration errors answer at once.
"""

__version__ = "0.1.0"
