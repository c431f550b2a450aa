// The exported student in ONNX Runtime Web, from raw windows to distributions.

import * as ort from "./packages/ort.wasm.bundle.min.mjs";

import { N_CLASSES } from "./engine/grid.js";

// one thread: more need headers that not every web server sends
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = {
  wasm: new URL("./packages/ort-wasm-simd-threaded.wasm", import.meta.url).href,
};

/** A student that is loaded. */
export class Network {
  /**
   * Load a student.
   *
   * @param {string} url of its ONNX file
   * @param {object} card its model card
   */
  static async load(url, card) {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url} cannot be loaded: ${response.status}`);
    const session = await ort.InferenceSession.create(await response.arrayBuffer(), {
      executionProviders: ["wasm"],
      logSeverityLevel: 4,
    });
    return new Network(session, card);
  }

  constructor(session, card) {
    this.session = session;
    this.nChannels = card.channels.length;
    this.nSamples = Math.round(card.window_s * card.rate_hz);
  }

  /**
   * Run the student on several raw windows at once.
   *
   * @param {Float32Array[][]} windows channels of each window
   * @returns {Promise<{bpm: number, sdBpm: number, probabilities: Float32Array}[]>}
   */
  async run(windows) {
    const size = this.nChannels * this.nSamples;
    const raw = new Float32Array(windows.length * size);
    windows.forEach((channels, window) =>
      channels.forEach((samples, i) => raw.set(samples, window * size + i * this.nSamples)),
    );
    const shape = [windows.length, this.nChannels, this.nSamples];
    const outputs = await this.session.run({ raw: new ort.Tensor("float32", raw, shape) });
    const [bpm, sdBpm, probabilities] = [outputs.bpm, outputs.sd_bpm, outputs.probabilities].map(
      (tensor) => tensor.data,
    );
    return windows.map((_, i) => ({
      bpm: bpm[i],
      sdBpm: sdBpm[i],
      probabilities: probabilities.slice(i * N_CLASSES, (i + 1) * N_CLASSES),
    }));
  }
}
