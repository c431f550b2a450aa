#!/usr/bin/env bash
# emx-onnx-cgen 1.4.0: generated C calls malloc; where that fails, it returns without a word and without output.
#
# Expected: the first of its key characteristics is "No dynamic memory allocation (malloc, free, heap usage)". So the plain
# command gives C for firmware without a heap; and C that can fail would say so.
# Seen: each buffer of more than 1,024 bytes is allocated by malloc in every call, as only the list of options says. Where
# malloc gives nothing, as on a microcontroller with a small heap, the function, which returns void, leaves the output as it
# was: the results of the last window once more.
# --large-temp-threshold 0 puts all buffers on the stack.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check emx-onnx-cgen==1.4.0 onnx==1.23.2 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import metadata

import numpy as np
import onnx
from onnx import parser

page = metadata("emx-onnx-cgen").get_payload()
(claim,) = [line for line in page.splitlines() if line.startswith("- **No dynamic memory allocation")]
print("its page:", claim)

model = parser.parse_model("""
    <ir_version: 8, opset_import: ["": 18]>
    network (float[1, 1, 400] window) => (float[1, 1, 400] logits) {
        taps = Constant <value = float[1, 1, 5] {0.1, 0.2, 0.4, 0.2, 0.1}> ()
        smooth = Conv <pads = [2, 2]> (window, taps)
        logits = Relu(smooth)
    }
""")
onnx.checker.check_model(model)
onnx.save(model, "network.onnx")
PYTHON
venv/bin/emx-onnx-cgen compile --model-name network network.onnx network.c >/dev/null
echo "in the generated C:"
grep -n "malloc(\|free(" network.c
cat >main.c <<'C'
#include <stdio.h>
void network(const float window[1][1][400], float logits[1][1][400]);
static float window[1][1][400], logits[1][1][400];
int main(void)
{
    for (int i = 0; i < 400; i++) {
        window[0][0][i] = 1.0f;
        logits[0][0][i] = -7.0f;
    }
    network(window, logits);
    printf("%.3f\n", (double)logits[0][0][200]);
    return 0;
}
C
cat >no_heap.c <<'C'
#include <stddef.h>
void *no_heap(size_t bytes)
{
    (void)bytes;
    return NULL;
}
C
cc -std=c11 -O2 network.c main.c -lm -o with_heap
cc -std=c11 -O2 -c -include stdlib.h -Dmalloc=no_heap network.c -o network.o
cc -std=c11 -O2 network.o no_heap.c main.c -lm -o without_heap
echo "output of ones, with a heap: $(./with_heap)"
echo "output of ones, without:     $(./without_heap)"
[ "$(./with_heap)" = 1.000 ]
[ "$(./without_heap)" = -7.000 ] # what was there before
venv/bin/emx-onnx-cgen compile --large-temp-threshold 0 --model-name network network.onnx on_stack.c >/dev/null
if grep -q "malloc(" on_stack.c; then exit 1; fi
echo "with --large-temp-threshold 0 there is no malloc"
