// What is wrong with a log, in words for its owner.

/** A problem that the owner of a log can solve. */
export class LogError extends Error {}

/**
 * A log that `ppgkd predict` reads in a way that this page does not.
 *
 * @param {string} what is in the log
 */
export function onlyPredictReads(what) {
  return new LogError(
    `${what}. This page does not read such a log, since it would not give the same numbers; ` +
      "ppgkd predict may read it.",
  );
}
