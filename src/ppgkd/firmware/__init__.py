"""A student as portable C: from raw sensor samples to a filtered heart rate with its validity.

`write_c` writes a folder: the runtime (``c/``), which is the same for all students, and the
constants and the network of one. The C computes what `ppgkd.inference.stream.HeartRateStream`
computes of the ONNX file, in float32, with the structure that the front end has: see ``c/``.
"""
