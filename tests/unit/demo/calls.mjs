// What the tests call of the page: arguments and results are as JSON can carry them.

const page = new URL(`file://${process.argv[2]}/`);
const load = (file) => import(new URL(file, page));

const { bridgeShortGaps, withoutLostSamples } = await load("engine/gaps.js");
const motion = await load("engine/motion_frequencies.js");
const { BeliefFilter, decodeBpm } = await load("engine/online_filter.js");
const { preprocess, resamplingMatrix } = await load("engine/preprocessing.js");
const { signalSupport } = await load("engine/signal_support.js");
const { HeartRateStream } = await load("engine/stream.js");
const { readTimes, timeWriter } = await load("log/iso_time.js");
const numberText = await load("log/number_text.js");
const { readLog } = await load("log/recording_table.js");
const { referenceAt } = await load("log/reference.js");
const { fractionOf, resample: resampleChannel } = await load("log/resampling.js");
export const { LogError } = await load("log/log_error.js");

const channelsOf = (rows) => rows.map((row) => Float32Array.from(row));
const arePpg = (channels) => channels.map((name) => name.startsWith("ppg"));

export function bridged(samples, rateHz, longestS) {
  const changed = Float32Array.from(samples);
  bridgeShortGaps(changed, rateHz, longestS);
  return changed;
}

export function withoutLost(window, isPpg, rateHz) {
  const changed = channelsOf(window);
  withoutLostSamples(changed, isPpg, rateHz);
  return changed;
}

export function preprocessed(window, card) {
  return preprocess(channelsOf(window), resamplingMatrix(card), arePpg(card.channels));
}

export function support(window, channels, rateHz, bpm) {
  const isPpg = arePpg(channels);
  const samples = channelsOf(window);
  const spectrum = new motion.PowerSpectrum(samples[0].length, rateHz);
  const power = samples.map((one) => spectrum.of(one));
  const found = motion.motionFrequencies(
    samples.filter((_, i) => !isPpg[i]),
    power.filter((_, i) => !isPpg[i]),
    spectrum.stepHz,
    spectrum.length,
  );
  const onMotion = Array.from(motion.frequencyOfClasses(spectrum.stepHz), (k) => found[k]);
  const ppgPower = power.filter((_, i) => isPpg[i]);
  return { onMotion, support: signalSupport(ppgPower, found, spectrum.stepHz, bpm) };
}

export function beliefs(card, rows, onMotion) {
  const filter = new BeliefFilter(card);
  return rows.map((row, i) => {
    const belief = filter.update(Float32Array.from(row), onMotion[i]);
    return { belief, ...decodeBpm(belief) };
  });
}

export function estimates(card, signal, outputs) {
  const stream = new HeartRateStream(card);
  const channels = channelsOf(signal);
  const n = stream.countWindows(channels[0].length);
  return Array.from({ length: n }, (_, window) => {
    const raw = stream.rawWindow(channels, window);
    const { probabilities, ...output } = outputs[window];
    return stream.estimate(raw, { ...output, probabilities: Float32Array.from(probabilities) });
  });
}

export function readTable(text, channels, rateHz, toHz) {
  const bytes = new TextEncoder().encode(text).buffer;
  const { writeTime, ...log } = readLog(bytes, channels, rateHz, toHz);
  const written = writeTime ? [0, 8, 10.5].map((s) => writeTime(log.firstS + s)) : null;
  return { ...log, written };
}

export function references(text, channels, rateHz, centreS) {
  const bytes = new TextEncoder().encode(text).buffer;
  const { reference } = readLog(bytes, channels, rateHz, rateHz);
  return { bpm: reference && referenceAt(reference, centreS), notes: reference?.notes };
}

export function resampled(samples, fromHz, toHz) {
  return resampleChannel(Float32Array.from(samples), fromHz, toHz);
}

export const fraction = fractionOf;

export function text(format, value, digits) {
  return numberText[format](value, digits);
}

export function times(texts, seconds) {
  const read = readTimes(texts);
  const write = timeWriter(texts[0], read);
  return { ...read, written: seconds.map(write) };
}
