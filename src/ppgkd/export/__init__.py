"""A student as one ONNX file: from raw sensor samples to BPM.

The file has two halves that meet at one tensor, `WINDOW`: the front turns raw samples into the
window that the networks see, and depends on the sensor's rate alone; the network behind it turns
the window into BPM, and depends on the student alone. So one half can be exchanged, or quantised,
without the other.
"""

WINDOW = "window"
OPSET = 18
IR_VERSION = 10
