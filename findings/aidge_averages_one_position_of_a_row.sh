#!/usr/bin/env bash
# aidge_export_cpp 0.10.1: GlobalAveragePool is not the mean where a map is not as high as it is wide; nothing says so.
#
# Expected: the exported C++ gives the mean over all positions, as ONNX defines it and as Aidge's own backend computes it.
# Seen: a row of 16 positions (what a network along time has) gives its first position divided by 16. There is no error and
# no warning. A map of 4 x 4 gives its mean, so a test on square images finds nothing.
# Why: operators/Pool.py gives kernel_dims as [in_width, in_height], and everything else takes the height first. One
# position of the row lies in that window, and the sum is divided by all that the window has.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aidge_core==0.10.1 aidge_onnx==0.10.1 \
    aidge_backend_cpu==0.10.1 aidge_export_cpp==0.10.1 onnx==1.23.2 numpy==2.4.6
cd "$folder"

# mean HEIGHT WIDTH: export a network that averages a map, and print what its C++ and NumPy give
mean() {
    venv/bin/python - "$1" "$2" >expected.txt 2>log.txt <<'PYTHON'
import sys

import aidge_backend_cpu
import aidge_core
import aidge_export_cpp
import aidge_onnx
import numpy as np
import onnx
from aidge_core.export_utils import export
from aidge_core.export_utils.config import ExportConfig
from onnx import parser

height, width = (int(size) for size in sys.argv[1:])
model = parser.parse_model(f"""
    <ir_version: 8, opset_import: ["": 18]>
    network (float[1, 1, {height}, {width}] map) => (float[1, 1, 1, 1] mean) {{
        two = Constant <value = float[1, 1, 1, 1] {{2}}> ()
        zero = Constant <value = float[1] {{0}}> ()
        doubled = Conv (map, two, zero)
        mean = GlobalAveragePool (doubled)
    }}
""")
onnx.checker.check_model(model)
onnx.save(model, "network.onnx")
values = np.arange(1, 1 + height * width, dtype=np.float32).reshape(1, 1, height, width)
sample = aidge_core.Tensor(values)
sample.set_data_format(aidge_core.dformat.nchw)
graph = aidge_onnx.load_onnx("network.onnx")
export(graph, ExportConfig(export_folder="exported", compile=False), [sample])
print(f"MEAN {2 * values.mean():.3f}")
PYTHON
    c++ -std=c++17 -Iexported -Iexported/dnn -Iexported/dnn/include exported/main.cpp \
        $(find exported/data exported/dnn/src -name '*.cpp') -o network
    local said
    said=$(./network | sed -n 2p | cut -d' ' -f1)
    echo "$said $(sed -n 's/^MEAN //p' expected.txt)"
    rm -r exported
}

square=$(mean 4 4)
row=$(mean 1 16)
echo "aidge_export_cpp 0.10.1, the mean of twice 1, 2, ... 16 by the exported C++ and by NumPy"
echo "as a map of 4 x 4: $square"
echo "as a map of 1 x 16: $row"
if grep -i "warn" log.txt | grep -vi cuda; then exit 1; fi
[ "$square" = "17.000000 17.000" ]
[ "$row" = "0.125000 17.000" ] # twice the first position, divided by 16
