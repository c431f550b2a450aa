// What a browser needs to run a student.

/** The smallest module with an instruction on vectors. */
const SIMD_MODULE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11,
);

/**
 * Say what this browser lacks.
 *
 * @returns {string} empty if it lacks nothing
 */
export function missingFeature() {
  if (typeof WebAssembly !== "object") {
    return "This browser has no WebAssembly, or it is switched off, and the student needs it. Use a browser of 2023 or newer, or run the student with ppgkd predict.";
  }
  if (!WebAssembly.validate(SIMD_MODULE)) {
    return "This browser's WebAssembly has no instructions on vectors (SIMD), and the student needs them. Use a browser of 2023 or newer, or run the student with ppgkd predict.";
  }
  if (typeof Worker !== "function") {
    return "This browser has no workers, in which the student runs. Use a browser of 2023 or newer, or run the student with ppgkd predict.";
  }
  return "";
}
