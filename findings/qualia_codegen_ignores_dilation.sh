#!/usr/bin/env bash
# qualia-codegen-core 2.6.0: a dilated Conv1d of PyTorch becomes C without dilation; nothing says so.
#
# Expected: the C computes what the PyTorch module computes, or the conversion fails, as it does for other layers that it
# does not support.
# Seen: Conv1d(1, 1, 3, padding=2, dilation=2) converts, and its C has the taps side by side. So the numbers are others, and
# there is no warning.
# Why: TorchModelGraph passes kernel size, stride, groups and padding to its layer, and dilation nowhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check qualia-codegen-core==2.6.0 torch==2.13.0 \
    numpy==2.4.6 tabulate==0.10.0
cd "$folder"
"$folder/venv/bin/python" - >log.txt 2>&1 <<'PYTHON'
from pathlib import Path

import torch
from qualia_codegen_core import Converter
from qualia_codegen_core.graph.TorchModelGraph import TorchModelGraph
from qualia_codegen_core.main import annotate_quantization
from torch import nn


class Network(nn.Module):
    input_shape = (8, 1)

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.layer = nn.Conv1d(1, 1, 3, padding=dilation, dilation=dilation, bias=True)
        self.layer.weight.data = torch.tensor([[[100.0, 10.0, 1.0]]])
        self.layer.bias.data = torch.zeros(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)


for dilation in (1, 2):
    network = Network(dilation)
    graph = TorchModelGraph(network).convert()
    assert annotate_quantization(graph, {}, float, 32, 32)
    assert Converter(output_path=Path(f"dilation_{dilation}")).convert_model(graph)
    expected = network(torch.arange(1.0, 9.0).reshape(1, 1, 8)).flatten().tolist()
    Path(f"dilation_{dilation}/expected.txt").write_text(" ".join(f"{value:g}" for value in expected))
PYTHON
cat >main.c <<'C'
#include <stdio.h>
#include "model.h"
int main(void)
{
    static input_t input;
    static float output[16][1]; /* 8 are of interest; without dilation the padding gives 10 */
    for (int i = 0; i < 8; i++)
        input[i][0] = (float)(i + 1);
    cnn(input, output);
    for (int i = 0; i < 8; i++)
        printf(i ? " %g" : "%g", (double)output[i][0]);
    return 0;
}
C
echo "qualia-codegen-core 2.6.0: taps of 100, 10 and 1 on 1, 2, ... 8, by PyTorch and by the C"
for dilation in 1 2; do
    cc -std=c11 -O1 -I "dilation_$dilation" -I "dilation_$dilation/include" "dilation_$dilation/model.c" main.c -lm \
        -o "network_$dilation"
    "./network_$dilation" >"c_$dilation.txt"
    echo "dilation $dilation, PyTorch: $(cat "dilation_$dilation/expected.txt")"
    echo "dilation $dilation, C:       $(cat "c_$dilation.txt")"
done
cmp dilation_1/expected.txt c_1.txt
if cmp -s dilation_2/expected.txt c_2.txt; then exit 1; fi
if grep -i "dilat" log.txt; then exit 1; fi
echo "the log of the conversion does not have the word"
