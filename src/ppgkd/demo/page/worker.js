// Everything that takes time: reading a log and running the student, apart from the page.

import { HeartRateStream } from "./engine/stream.js";
import { LogError } from "./log/log_error.js";
import { significant } from "./log/number_text.js";
import { readLog, readSamples } from "./log/recording_table.js";
import { referenceAt } from "./log/reference.js";
import { Network } from "./network.js";

const BATCH = 32;
const LARGEST_BYTES = 256 * 2 ** 20;

self.addEventListener("message", async ({ data }) => {
  try {
    await (data.file ? runOnFile(data) : runOnRecording(data.recording));
  } catch (error) {
    const isOwners = error instanceof LogError;
    const said = isOwners ? error.message : `The student cannot be run here. ${error.message}`;
    self.postMessage({ type: "error", message: said, isOwners });
  }
});

/** Run the student on a test recording of the study. */
async function runOnRecording({ file, model }) {
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file} cannot be loaded: ${response.status}.`);
  const log = readSamples(await response.arrayBuffer(), model.card.channels);
  await run(log, model);
}

/** Run the student on a log of the visitor's. */
async function runOnFile({ file, model, rateHz }) {
  const { card } = model;
  if (file.size > LARGEST_BYTES) {
    throw new LogError(
      `${file.name} has ${Math.round(file.size / 2 ** 20)} MiB; this page reads up to ` +
        `${LARGEST_BYTES / 2 ** 20}. Split the log, or use ppgkd predict.`,
    );
  }
  const bytes = await file.arrayBuffer().catch(() => {
    throw new LogError(`${file.name} cannot be read: it is a folder, or is no longer there.`);
  });
  let log;
  try {
    log = readLog(bytes, card.channels, rateHz, card.rate_hz);
  } catch (error) {
    if (error instanceof LogError) throw new LogError(`${file.name}: ${error.message}`);
    throw error;
  }
  const n = log.signal[0].length;
  const needed = Math.round(card.window_s * card.rate_hz);
  if (n < needed) {
    throw new LogError(
      `${file.name} has ${n} samples, ${significant(n / card.rate_hz, 3)} s; one window has ` +
        `${needed}, ${significant(card.window_s, 6)} s. Make a longer recording.`,
    );
  }
  await run(log, model);
}

async function run(log, model) {
  const started = performance.now();
  const { card } = model;
  const network = await Network.load(model.file, card);
  const stream = new HeartRateStream(card);
  const nWindows = stream.countWindows(log.signal[0].length);
  const { signal, notes } = log;
  // the page gets a copy of its own, which takes it no time
  const copy = signal.map((samples) => samples.slice());
  const buffers = copy.map((samples) => samples.buffer);
  const referenceBpm = log.reference ? referenceAt(log.reference, stream.centresS(nWindows)) : null;
  self.postMessage({ type: "read", nWindows, signal: copy, notes, card, referenceBpm }, buffers);
  for (let first = 0; first < nWindows; first += BATCH) {
    const count = Math.min(BATCH, nWindows - first);
    const windows = Array.from({ length: count }, (_, i) => stream.rawWindow(signal, first + i));
    const outputs = await network.run(windows);
    const estimates = outputs.map((output, i) => ({
      ...onLogClock(stream.estimate(windows[i], output), log),
      probabilities: output.probabilities,
    }));
    const seconds = (performance.now() - started) / 1e3;
    self.postMessage({ type: "estimates", estimates, seconds });
  }
  self.postMessage({ type: "done", seconds: (performance.now() - started) / 1e3 });
}

/** The estimate with the times of the log: in seconds, and as the log writes them. */
function onLogClock(estimate, { firstS, stretch, writeTime }) {
  const [logStartS, logEndS] = [estimate.startS, estimate.endS].map((s) => firstS + s * stretch);
  const written = writeTime ? { startTime: writeTime(logStartS), endTime: writeTime(logEndS) } : {};
  return { ...estimate, logStartS, logEndS, ...written };
}
