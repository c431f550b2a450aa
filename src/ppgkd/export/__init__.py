"""A student as one ONNX file: from raw sensor samples to BPM.

The file has two subgraphs that meet at one tensor, `WINDOW`. The preprocessing graph maps raw
samples to the window that the networks take; it depends on the sensor's rate alone. The network
graph maps the window to BPM; it depends on the student alone. So either can be replaced or
quantised without the other.
"""

WINDOW = "window"
SPECTRA = "spectra"
"""What a network takes that sees spectra; the others take `WINDOW`. Before it is the front end."""
OPSET = 18
IR_VERSION = 8
"""The lowest versions that have all of a file's operators, so that old runtimes open it, too."""
