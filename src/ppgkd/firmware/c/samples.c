/* The last window of samples, in 16 bits.
 *
 * A block of each channel has an offset and a step of its own, a power of two: counts within 16
 * bits are exact, and acceleration errs by less than a sensor's own step. The extremes are always
 * exact, because placeholders of lost samples are told by their equal values. */
#include "stages.h"

#include <float.h>

/* Samples that are staged lie in the arena, which no estimate uses meanwhile. */
static float *staging(ppgkd_state *state)
{
    return state->arena.number + PPGKD_STAGING;
}

static float step_of(const ppgkd_block *block)
{
    int exponent;
    frexpf((block->high - block->low) / (float)PPGKD_CODE_HIGHEST, &exponent);
    return fmaxf(ldexpf(1.0f, exponent), FLT_MIN);
}

static void write_block(ppgkd_block *block, const float *sample)
{
    block->low = INFINITY;
    block->high = -INFINITY;
    for (unsigned i = 0; i < PPGKD_BLOCK_SAMPLES; i++) {
        const float value = sample[i * PPGKD_CHANNELS];
        if (fabsf(value) <= PPGKD_LARGEST_SAMPLE) {
            block->low = smaller(block->low, value);
            block->high = larger(block->high, value);
        }
    }
    const float per_step = 1.0f / step_of(block);
    for (unsigned i = 0; i < PPGKD_BLOCK_SAMPLES; i++) {
        const float value = sample[i * PPGKD_CHANNELS];
        if (!(fabsf(value) <= PPGKD_LARGEST_SAMPLE))
            block->code[i] = PPGKD_CODE_LOST;
        else if (value == block->high)
            block->code[i] = PPGKD_CODE_HIGHEST;
        else
            block->code[i] = (uint16_t)((value - block->low) * per_step + 0.5f);
    }
}

void ppgkd_samples_add(ppgkd_state *state, const float *sample)
{
    float *staged = staging(state) + state->staged * PPGKD_CHANNELS;
    for (unsigned channel = 0; channel < PPGKD_CHANNELS; channel++)
        staged[channel] = sample[channel];
    if (++state->staged < PPGKD_BLOCK_SAMPLES)
        return;
    for (unsigned channel = 0; channel < PPGKD_CHANNELS; channel++)
        write_block(&state->blocks[state->block][channel], staging(state) + channel);
    state->block = (uint16_t)((state->block + 1) % PPGKD_BLOCKS);
    state->staged = 0;
}

/* Samples of a part that have left the window. If a stride has whole blocks, the window does, too,
 * and nothing is staged. */
static unsigned n_left(const ppgkd_state *state, unsigned number)
{
    const unsigned left
        = PPGKD_BLOCKS * PPGKD_BLOCK_SAMPLES + state->staged - PPGKD_WINDOW_SAMPLES;
    const unsigned before = number * PPGKD_BLOCK_SAMPLES;
    if (PPGKD_PARTS == PPGKD_BLOCKS || left <= before)
        return 0;
    return left < before + PPGKD_BLOCK_SAMPLES ? left - before : PPGKD_BLOCK_SAMPLES;
}

ppgkd_part ppgkd_samples_part(const ppgkd_state *state, unsigned channel, unsigned number)
{
    const ppgkd_block *block = &state->blocks[(state->block + number) % PPGKD_BLOCKS][channel];
    const unsigned left = n_left(state, number);
    if (number == PPGKD_BLOCKS) {
        const float *staged = state->arena.number + PPGKD_STAGING + channel;
        return (ppgkd_part){NULL, staged, 0.0f, 0, state->staged};
    }
    return (ppgkd_part){block, NULL, step_of(block), left, PPGKD_BLOCK_SAMPLES - left};
}

void ppgkd_samples_extremes(const ppgkd_state *state, unsigned channel, unsigned number,
                            float *low, float *high)
{
    if (number < PPGKD_BLOCKS && n_left(state, number) == 0) {
        const ppgkd_block *block = &state->blocks[(state->block + number) % PPGKD_BLOCKS][channel];
        *low = block->low;
        *high = block->high;
        return;
    }
    const ppgkd_part part = ppgkd_samples_part(state, channel, number);
    *low = INFINITY;
    *high = -INFINITY;
    for (unsigned i = 0; i < part.n; i++) {
        const float sample = ppgkd_part_sample(&part, i);
        *low = smaller(sample, *low); /* what was, if the sample is NaN */
        *high = larger(sample, *high);
    }
}
