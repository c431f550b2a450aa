"""A student whose cost is known: C by hand with the interface of generated code."""

from __future__ import annotations

from pathlib import Path
from string import Template

HEADER = """
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define PPGKD_CHANNELS 2
typedef enum { PPGKD_OK = 0, PPGKD_ESTIMATE = 1 } ppgkd_status;
typedef enum { PPGKD_VALID = 0 } ppgkd_reason;
typedef struct {
    double end_s;
    float bpm, sd_bpm, window_bpm, window_sd_bpm;
    ppgkd_reason reason;
    bool valid;
} ppgkd_estimate;
typedef struct { uint32_t taken; uint8_t bytes[$state_bytes]; } ppgkd_state;
ppgkd_status ppgkd_init(ppgkd_state *state);
ppgkd_status ppgkd_push(ppgkd_state *state, const float *samples, size_t n_samples,
                        size_t *n_taken, ppgkd_estimate *estimate);
"""

CODE = """
#include "ppgkd.h"
static const uint8_t table[$table_bytes] = {1, 2, 3};
static uint8_t variable[$variable_bytes];

static void deep(void) {
    volatile uint8_t stack[$stack_bytes];
    for (size_t n = 0; n < sizeof(stack); n++) { stack[n] = 1; }
}

static void busy(uint32_t rounds) { /* of two instructions each */
#ifdef __arm__
    __asm volatile("1: subs %0, %0, #1\\n\\tbne 1b" : "+r"(rounds) : : "cc");
#else
    (void)rounds;
#endif
}

ppgkd_status ppgkd_init(ppgkd_state *state) { state->taken = 0; return PPGKD_OK; }

ppgkd_status ppgkd_push(ppgkd_state *state, const float *samples, size_t n_samples,
                        size_t *n_taken, ppgkd_estimate *estimate) {
    for (*n_taken = 0; *n_taken < n_samples;) {
        const float *sample = samples + PPGKD_CHANNELS * (*n_taken)++;
        busy($sample_rounds);
        if (++state->taken >= 400 && state->taken % 100 == 0) {
            deep();
            busy($estimate_rounds);
            const uint8_t read = table[state->taken % 16u];
            const uint8_t counted = ++variable[state->taken % 16u];
            *estimate = (ppgkd_estimate){
                state->taken, sample[0], sample[1], read, counted, PPGKD_VALID, true};
            return PPGKD_ESTIMATE;
        }
    }
    return PPGKD_OK;
}
"""


def write_known_student(
    folder: Path,
    *,
    table_bytes: int = 16,
    variable_bytes: int = 16,
    state_bytes: int = 16,
    stack_bytes: int = 16,
    sample_rounds: int = 100,
    estimate_rounds: int = 1_000,
) -> Path:
    """Write C whose estimates are the last of 400 samples, and that costs what is asked for.

    The time of an estimate is a number of samples. Tables and variables have at least 16 bytes.
    """
    sizes = {name: value for name, value in locals().items() if name != "folder"}
    folder.mkdir()
    (folder / "ppgkd.h").write_text(Template(HEADER).substitute(sizes), encoding="utf-8")
    (folder / "student.c").write_text(Template(CODE).substitute(sizes), encoding="utf-8")
    return folder
