/* Heart rate from a stream of samples of PPG and acceleration: the whole interface.
 *
 *     static ppgkd_state state;                       // all memory there is
 *     ppgkd_init(&state);
 *     ...
 *     for (size_t done = 0; done < n; ) {             // n samples have come
 *         ppgkd_estimate estimate;
 *         size_t taken;
 *         if (ppgkd_push(&state, samples + done * PPGKD_CHANNELS, n - done, &taken, &estimate)
 *                 == PPGKD_ESTIMATE && estimate.valid)
 *             show(estimate.bpm);
 *         done += taken;
 *     }
 *
 * A state is of one wrist; there may be several. Nothing is allocated, printed or kept outside of
 * it, and it has no pointers: it can be copied, and written to memory that outlasts a sleep.
 */
#ifndef PPGKD_H
#define PPGKD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

@CONSTANTS@

typedef enum {
    PPGKD_OK = 0,       /* all samples were taken, and no estimate is due */
    PPGKD_ESTIMATE = 1, /* an estimate is ready; samples behind it may be left */
    PPGKD_NULL_POINTER = -1,
    PPGKD_NOT_INITIALISED = -2 /* no ppgkd_init, the state of another student, or overwritten */
} ppgkd_status;

/* Why an estimate is not valid. */
typedef enum {
    PPGKD_VALID = 0,
    PPGKD_NO_SIGNAL,       /* the PPG is flat, or samples are lost: bpm is NaN */
    PPGKD_SPREAD,          /* the distribution is too wide */
    PPGKD_RATE_NOT_LEARNED,
    PPGKD_PERHAPS_TWICE,   /* the PPG has power between the harmonics */
    PPGKD_PERHAPS_HALF,    /* the PPG has power at twice the estimate alone */
    PPGKD_NO_PULSE_BESIDE_MOTION,
    PPGKD_PERHAPS_MULTIPLE,
    PPGKD_WINDOWS_DISAGREE
} ppgkd_reason;

typedef struct {
    double end_s;        /* end of the window, in seconds since the first sample */
    float bpm;           /* heart rate, filtered over time; NaN without a signal */
    float sd_bpm;        /* its spread */
    float window_bpm;    /* of this window alone */
    float window_sd_bpm;
    ppgkd_reason reason;
    bool valid;          /* only then show bpm */
} ppgkd_estimate;

/* The members are private. */
typedef struct {
    float low, high; /* extremes of the samples that are not lost */
    uint16_t code[PPGKD_BLOCK_SAMPLES];
} ppgkd_block;

typedef struct {
    float pulse, not_double, not_triple, not_half, window_bpm;
    bool has_signal;
} ppgkd_evidence;

typedef union {
    float number[PPGKD_ARENA];
    int32_t integer[PPGKD_ARENA];
    int16_t step[PPGKD_ARENA * 2];
    uint8_t byte[PPGKD_ARENA * 4];
} ppgkd_arena;

typedef struct {
    uint32_t mark; /* of a state of this student that was initialised */
    uint32_t until_estimate;
    uint64_t n_samples;
    uint16_t window; /* its number, as far as the table of strides and the evidence need it */
    uint16_t block;  /* oldest one, which is written next */
    uint16_t staged; /* samples of the block to come */
    ppgkd_block blocks[PPGKD_BLOCKS][PPGKD_CHANNELS];
    float belief[PPGKD_CLASSES];
    ppgkd_evidence evidence[PPGKD_RECENT];
    ppgkd_arena arena; /* of the stages, one after the other; stages.h shows the plan */
} ppgkd_state;

/* Begin a recording. */
ppgkd_status ppgkd_init(ppgkd_state *state);

/* Take samples until an estimate is ready or all are taken.
 *
 * samples    n_samples x PPGKD_CHANNELS numbers, sample after sample, each in the order of
 *            PPGKD_CHANNEL_NAMES: PPG in counts of any linear scale, acceleration in g. A lost
 *            sample is NaN. NULL is allowed if there are none.
 * n_taken    how many were taken; pass the rest again
 * estimate   written if, and only if, the result is PPGKD_ESTIMATE
 */
ppgkd_status ppgkd_push(ppgkd_state *state, const float *samples, size_t n_samples,
                        size_t *n_taken, ppgkd_estimate *estimate);

/* A reason as text, "" if valid. */
const char *ppgkd_reason_text(ppgkd_reason reason);

#ifdef __cplusplus
}
#endif

#endif
