/* The stages of an estimate, in the order in which a window passes them. Not for the user.
 *
 * The arena, in floats; what stands above each other shares memory:
 *
 *     samples of the block to come (while no estimate is computed)
 *     cosines             | transform
 *     cosines             | tensors of the network ...       | logits
 *     cosines             | probabilities, power of motion   | motion
 *     cosines             | power of the PPG                 | motion
 */
#ifndef PPGKD_STAGES_H
#define PPGKD_STAGES_H

#include "ppgkd.h"
#include "tables.h"

/* samples.c: the last window, in blocks of 16 bits. */
typedef struct {
    uint16_t n; /* samples, NaN where lost */
    float sample[PPGKD_BLOCK_SAMPLES];
} ppgkd_part;

void ppgkd_samples_clear(ppgkd_state *state);
void ppgkd_samples_add(ppgkd_state *state, const float *sample);
/* Part 0 <= part <= PPGKD_BLOCKS of the window of a channel, from the oldest. */
void ppgkd_samples_part(const ppgkd_state *state, unsigned channel, unsigned part,
                        ppgkd_part *out);

/* gaps.c: which samples are lost, and short gaps bridged. */
typedef struct {
    float low, high;                 /* extremes of the samples that are there */
    float placeholder_low, placeholder_high; /* values in place of lost samples; NaN if none */
} ppgkd_levels;

/* False if no sample is there. */
bool ppgkd_find_levels(const ppgkd_state *state, unsigned channel, ppgkd_levels *levels);
/* Write the window to `transform`, as parts of the range from -0.5 to 0.5, in the order that the
 * transform wants. False if a gap remains. */
bool ppgkd_load_window(const ppgkd_state *state, unsigned channel, const ppgkd_levels *levels,
                       float *transform);

/* fft.c */
void ppgkd_fft(float *transform);

/* cosines.c: amplitudes of the cosines in the pass band, PPGKD_CHANNELS for each order. */
typedef struct {
    bool has_signal;
    bool moves;
} ppgkd_window;

ppgkd_window ppgkd_find_cosines(ppgkd_state *state, float *cosines);
/* From amplitudes to what the sums of spectrum.c take. */
void ppgkd_weigh_cosines(float *cosines);

/* spectrum.c: exact power of the window at any frequency, from its cosines. */
void ppgkd_bin_power(const float *cosines, const ppgkd_frequency *two, float *first,
                     float *second);
void ppgkd_ppg_power(const float *cosines, float *power);
void ppgkd_motion_power(const float *cosines, float *power);

/* entry_spectra.c or entry_window.c: what the network sees, column by column, into its first
 * layer. Weighs the cosines. */
void ppgkd_enter(float *cosines, float *first);

/* layers.c */
void ppgkd_clear_first(const ppgkd_first_layer *layer, float *out);
void ppgkd_add_column(const ppgkd_first_layer *layer, unsigned position, const float *column,
                      float *out);
void ppgkd_relu(float *values, unsigned n);
void ppgkd_conv(const ppgkd_layer *layer, const float *in, float *out);
void ppgkd_mean(const float *in, unsigned channels, unsigned positions, float *out);
void ppgkd_by_bin(const ppgkd_layer *layer, const float *in, float *logits);

/* student.c: from cosines to logits of the classes, which follow them. */
void ppgkd_network(ppgkd_arena *arena);

/* belief.c */
bool ppgkd_softmax(float *values);
void ppgkd_decode(const float *probabilities, float *bpm, float *sd_bpm);
void ppgkd_update_belief(float *belief, float *probabilities, const uint8_t *motion);

/* motion.c: for each frequency of the power, whether it is one of motion. */
void ppgkd_find_motion(const ppgkd_window *window, const float *cosines, float *power,
                       uint8_t *motion);

/* support.c, validity.c */
void ppgkd_find_support(const float *cosines, const uint8_t *motion, float bpm, float *power,
                        ppgkd_evidence *support);
ppgkd_reason ppgkd_judge(const ppgkd_evidence *recent, float bpm, float sd_bpm);

#endif
