// Whether an estimate is valid, and why not: ppgkd.inference.validity.

/** Why an estimate is not valid. */
export const REASONS = [
  "no signal",
  "spread",
  "rate not learned",
  "perhaps twice the rate",
  "perhaps half the rate",
  "no pulse beside motion",
  "perhaps a multiple of the rate",
  "windows disagree",
];

const RECENT = 8;
const AGREEMENT_BPM = 10;
const SMALLEST_SHARE = 0.03;
const SMALLEST_SD_BPM = 1e-3;
const REASON_OF_TERM = [5, 6, 7, 1];
const TYPICAL = [0.0, 0.7, 1.0, 0.6];

/** What speaks for the estimate of a window without a signal. */
export const NO_EVIDENCE = { pulse: 0, notDouble: 0, notTriple: 0, notHalf: 0, agreement: 0 };

/** Evidence over the last windows of one recording. */
export class RecentEvidence {
  constructor() {
    this.windows = [];
  }

  /**
   * Add a window that has a signal, and give the evidence for its estimate.
   *
   * @param {number} number of the window, in strides
   * @param {object} support from `signalSupport`
   * @param {number} windowBpm estimate of this window alone
   * @param {number} bpm the estimate
   */
  update(number, support, windowBpm, bpm) {
    this.windows.push({ number, support, windowBpm });
    while (this.windows[0].number <= number - RECENT) this.windows.shift();
    const n = this.windows.length;
    const mean = (name) => this.windows.reduce((sum, one) => sum + one.support[name], 0) / n;
    const agreeing = this.windows.filter((one) => Math.abs(one.windowBpm - bpm) <= AGREEMENT_BPM);
    return {
      pulse: mean("pulse"),
      notDouble: mean("notDouble"),
      notTriple: mean("notTriple"),
      notHalf: mean("notHalf"),
      agreement: agreeing.length / n,
    };
  }
}

/**
 * Find why an estimate of the online filter is not valid.
 *
 * @param {object} card model card of the student, which has the bounds
 * @param {number} bpm NaN without a signal
 * @param {number} sdBpm
 * @param {object} evidence
 * @returns {string} one of `REASONS`; empty if it is valid
 */
export function reasonAgainst(card, bpm, sdBpm, evidence) {
  const met = [
    Number.isFinite(bpm),
    sdBpm <= card.max_filtered_sd_bpm,
    bpm >= card.learned_min_bpm && bpm <= card.learned_max_bpm,
    evidence.notDouble >= card.min_not_double,
    evidence.notHalf >= card.min_not_half,
  ];
  const failed = met.indexOf(false);
  if (failed >= 0) return REASONS[failed];
  const weights = [card.score_pulse, card.score_rate, card.score_agreement, card.score_log_sd];
  const terms = scoreTerms(sdBpm, evidence);
  const logOdds = terms.reduce((sum, term, i) => sum + term * weights[i], 0) + card.score_intercept;
  if (1 / (1 + Math.exp(-logOdds)) >= card.min_probability) return "";
  const lacking = terms.map((term, i) => (TYPICAL[i] - term) * weights[i]);
  return REASONS[REASON_OF_TERM[lacking.indexOf(Math.max(...lacking))]];
}

function scoreTerms(sdBpm, { pulse, notDouble, notTriple, notHalf, agreement }) {
  const odds = (pulse + SMALLEST_SHARE) / (1 - pulse + SMALLEST_SHARE);
  const logSd = Math.log(Math.max(sdBpm, SMALLEST_SD_BPM));
  return [Math.log(odds), Math.min(notDouble, notTriple, notHalf), agreement, logSd];
}
