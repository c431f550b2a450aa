/* The constants of a student, which student.c defines. Not for the user. */
#ifndef PPGKD_TABLES_H
#define PPGKD_TABLES_H

#include "ppgkd.h"
#include "student.h"

/* How an order's amplitude follows from the transform, at the order and at its mirror image. */
typedef struct {
    uint16_t at, mirrored;
    float re, im, mirrored_re, mirrored_im;
} ppgkd_order;

/* A frequency, as the sums over orders take it. */
typedef struct {
    float x;         /* squared sine of half its angle in a sample of the model's rate */
    float even, odd; /* power of the squared sums */
    int16_t own;     /* order of the same frequency, which leaves the sums; -1 for none */
} ppgkd_frequency;

/* Preprocessing. */
extern const uint16_t ppgkd_stride_samples[PPGKD_STRIDES];
extern const uint16_t ppgkd_slot[PPGKD_WINDOW_SAMPLES];
extern const float ppgkd_twiddle[2 * PPGKD_FFT];
extern const uint8_t ppgkd_radix[PPGKD_FFT_STAGES];
extern const ppgkd_order ppgkd_orders[PPGKD_ORDERS];

/* Spectrum: x of each order, from 0; the bins, and their doubles. A network along time has
 * cosines in place of bins. */
extern const float ppgkd_x[PPGKD_XS];
extern const ppgkd_frequency ppgkd_bins[2][PPGKD_BINS];
extern const float ppgkd_cosine[4 * PPGKD_MODEL_SAMPLES];

/* Belief: the normal step by distance, and its total from a class by distance from the grid's end;
 * the power whose frequency is next to a class. */
extern const float ppgkd_step[PPGKD_STEPS];
extern const float ppgkd_step_total[PPGKD_CLASSES / 2];
extern const uint8_t ppgkd_nearest_power[PPGKD_CLASSES];

/* Validity: weights of the score's terms. */
extern const float ppgkd_score[4];

#endif
