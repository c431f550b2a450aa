// Date-times in ISO 8601, read and written as the log has them: ppgkd.datasets.own.time_columns and
// log_times.

import { isEmpty } from "./cells.js";
import { FIRST_ROW } from "./columns.js";
import { LogError } from "./log_error.js";

const OFFSET = /(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$/;
const TIME =
  /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/;

/**
 * Read the times of a log.
 *
 * @param {string[]} texts one for each row
 * @returns {{timeS: Float64Array, offsets: string[]}} seconds since 1970, and each row's offset
 */
export function readTimes(texts) {
  const offsets = texts.map(offsetOf);
  requireOneWay(texts, offsets);
  const timeS = Float64Array.from(texts, (text, row) => {
    const found = secondsOf(text);
    if (found === null) {
      throw new LogError(
        `its timestamp of row ${FIRST_ROW + row} is ${shown(text)}; expected an ISO 8601 date and ` +
          "time, such as 2026-05-04T10:15:30.020.",
      );
    }
    return found;
  });
  return { timeS, offsets };
}

/** A cell of times in messages. */
function shown(text) {
  return isEmpty(text) ? "an empty cell" : `'${text}'`;
}

/** Offset from UTC that a time ends with; a date alone, 2026-05-04, ends as an offset does. */
function offsetOf(text) {
  return /\d[T ]\d/.test(text) ? (OFFSET.exec(text)?.[0] ?? "") : "";
}

function requireOneWay(texts, offsets) {
  const without = offsets.indexOf("");
  const withIt = offsets.findIndex((offset) => offset !== "");
  if (without >= 0 && withIt >= 0) {
    throw new LogError(
      `its timestamp has an offset from UTC in row ${FIRST_ROW + withIt}, ${shown(texts[withIt])}, ` +
        `and none in row ${FIRST_ROW + without}, ${shown(texts[without])}. Write it in every row, or ` +
        "in none.",
    );
  }
}

/**
 * Make a function that writes times as a log does.
 *
 * @param {string} example first text of the log
 * @param {{timeS: Float64Array, offsets: string[]}} times
 * @returns {(secondS: number) => string} from seconds since the first row
 */
export function timeWriter(example, { timeS, offsets }) {
  const blank = example.includes("T") ? "T" : " ";
  const changes = [0];
  for (let i = 1; i < offsets.length; i += 1) if (offsets[i] !== offsets[i - 1]) changes.push(i);
  return (secondS) => {
    const change = changes.findLast((row) => timeS[row] - timeS[0] <= secondS) ?? 0;
    const offset = offsets[change];
    const milliseconds = Math.round((timeS[0] + secondS) * 1e3) + 1e3 * aheadS(offset);
    return new Date(milliseconds).toISOString().replace("T", blank).replace("Z", offset);
  };
}

function secondsOf(text) {
  const found = TIME.exec(text);
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map((part) => Number(part ?? 0));
  const wholeMs = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(wholeMs);
  const isReal =
    back.getUTCMonth() === month - 1 && back.getUTCDate() === day && hour < 24 && minute < 60;
  if (!isReal || second > 59) return null;
  return wholeMs / 1e3 - aheadS(found[8] ?? "") + Number(`0.${found[7] ?? 0}`);
}

/** How far local time is ahead of UTC, in seconds. */
function aheadS(offset) {
  const found = /^([+-])(\d{2}):?(\d{2})?$/.exec(offset);
  if (!found) return 0;
  const minutes = 60 * Number(found[2]) + Number(found[3] ?? 0);
  return 60 * (found[1] === "-" ? -minutes : minutes);
}
