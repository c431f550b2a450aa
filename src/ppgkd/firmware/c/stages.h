/* The stages of an estimate, in the order in which a window passes them. Not for the user.
 *
 * The arena, in floats; what stands above each other shares memory:
 *
 *     samples of the block to come (while no estimate is computed)
 *     cosines             | transform
 *     cosines             | logits, then probabilities; tensors of the network
 *     cosines             | power of PPG and acceleration, frequencies of motion
 */
#ifndef PPGKD_STAGES_H
#define PPGKD_STAGES_H

#include "ppgkd.h"
#include "layers.h"
#include "tables.h"

#include <math.h>

#ifdef __FAST_MATH__
#error "NaN marks a lost sample: compile without -ffast-math"
#endif

/* As fminf, fmaxf and isnan, which call the library. */
static inline float smaller(float a, float b)
{
    return a < b ? a : b;
}

static inline float larger(float a, float b)
{
    return a > b ? a : b;
}

static inline bool is_lost(float sample)
{
    return sample != sample;
}

/* samples.c: the last window, in blocks of 16 bits. */
#define PPGKD_LARGEST_SAMPLE 1e15f
#define PPGKD_CODE_LOST 65535u
#define PPGKD_CODE_HIGHEST 65534u

/* A part of the window of a channel: what is in it of a block, or the samples that are staged. */
typedef struct {
    const ppgkd_block *block; /* NULL for the latter */
    const float *staged;
    float step;
    unsigned first, n;
} ppgkd_part;

void ppgkd_samples_add(ppgkd_state *state, const float *sample);
/* From the oldest; number < PPGKD_PARTS. */
ppgkd_part ppgkd_samples_part(const ppgkd_state *state, unsigned channel, unsigned number);
/* Extremes of that part; infinities if all its samples are lost. */
void ppgkd_samples_extremes(const ppgkd_state *state, unsigned channel, unsigned number,
                            float *low, float *high);

/* A sample of a part, NaN if it is lost. */
static inline float ppgkd_part_sample(const ppgkd_part *part, unsigned i)
{
    if (PPGKD_PARTS > PPGKD_BLOCKS && !part->block) {
        const float sample = part->staged[i * PPGKD_CHANNELS];
        return sample <= PPGKD_LARGEST_SAMPLE && sample >= -PPGKD_LARGEST_SAMPLE ? sample : NAN;
    }
    const unsigned code = part->block->code[part->first + i];
    if (code < PPGKD_CODE_HIGHEST)
        return part->block->low + (float)code * part->step;
    return code == PPGKD_CODE_HIGHEST ? part->block->high : NAN;
}

/* gaps.c: which samples are lost, and short gaps bridged. */
typedef struct {
    float low, high; /* extremes of the samples that are there; all others are lost */
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

/* spectrum.c: exact power of the window, from its cosines. Of all channels at three frequencies: */
void ppgkd_power_at(const float *cosines, const ppgkd_frequency *three,
                    float power[3][PPGKD_CHANNELS]);
/* At the frequencies of the orders from 0, of each PPG channel, then of all acceleration. */
void ppgkd_power_of_orders(const float *cosines, float *power);

/* entry.c: what the network sees, column by column, into the sums of its first layer. Weighs the
 * cosines. */
void ppgkd_enter(float *cosines, ppgkd_sum *first);

/* student.c: from cosines to logits of the classes, which follow them. */
void ppgkd_network(ppgkd_arena *arena);

/* belief.c: the filter, and estimates from a distribution. */
void ppgkd_predict_belief(float *belief, float *scratch);
bool ppgkd_softmax(float *values);
void ppgkd_update_belief(float *belief, const float *probabilities);
void ppgkd_discount_motion(float *belief, const uint8_t *motion);
void ppgkd_decode(const float *probabilities, float *bpm, float *sd_bpm);

/* motion.c: for each frequency of an order, whether it is one of motion. */
void ppgkd_find_motion(bool moves, const float *power, uint8_t *motion);

/* support.c, validity.c */
void ppgkd_find_support(float *power, const uint8_t *motion, float bpm, ppgkd_evidence *support);
ppgkd_reason ppgkd_judge(const ppgkd_evidence *recent, float bpm, float sd_bpm);

#endif
