"""The layers of each family of networks as ONNX operators, one file for each family."""
