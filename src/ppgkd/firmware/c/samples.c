/* The last window of samples, in 16 bits.
 *
 * A block of each channel has an offset and a step of its own, a power of two: counts within 16
 * bits are exact, and acceleration errs by less than a sensor's own step. The extremes are always
 * exact, because placeholders of lost samples are told by their equal values. */
#include "stages.h"

#include <float.h>
#include <math.h>

#define LARGEST_SAMPLE 1e15f
#define LOST 65535u
#define HIGHEST 65534u

/* Samples that are staged lie in the arena, which no estimate uses meanwhile. */
static float *staging(ppgkd_state *state)
{
    return state->arena.number + PPGKD_STAGING;
}

static float step_of(const ppgkd_block *block)
{
    int exponent;
    frexpf((block->high - block->low) / (float)HIGHEST, &exponent);
    return fmaxf(ldexpf(1.0f, exponent), FLT_MIN);
}

static void write_block(ppgkd_block *block, const float *sample)
{
    block->low = INFINITY;
    block->high = -INFINITY;
    for (unsigned i = 0; i < PPGKD_BLOCK_SAMPLES; i++) {
        const float value = sample[i * PPGKD_CHANNELS];
        if (fabsf(value) <= LARGEST_SAMPLE) {
            block->low = fminf(block->low, value);
            block->high = fmaxf(block->high, value);
        }
    }
    const float per_step = 1.0f / step_of(block);
    for (unsigned i = 0; i < PPGKD_BLOCK_SAMPLES; i++) {
        const float value = sample[i * PPGKD_CHANNELS];
        if (!(fabsf(value) <= LARGEST_SAMPLE))
            block->code[i] = LOST;
        else if (value == block->high)
            block->code[i] = HIGHEST;
        else
            block->code[i] = (uint16_t)((value - block->low) * per_step + 0.5f);
    }
}

void ppgkd_samples_clear(ppgkd_state *state)
{
    state->block = state->staged = 0;
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

static void read_block(const ppgkd_block *block, float *sample)
{
    const float step = step_of(block);
    for (unsigned i = 0; i < PPGKD_BLOCK_SAMPLES; i++) {
        const unsigned code = block->code[i];
        sample[i] = code < HIGHEST    ? block->low + (float)code * step
                    : code == HIGHEST ? block->high
                                      : NAN;
    }
}

void ppgkd_samples_part(const ppgkd_state *state, unsigned channel, unsigned part,
                        ppgkd_part *out)
{
    /* what is staged has pushed as many samples of the oldest block out of the window */
    const unsigned before = PPGKD_BLOCKS * PPGKD_BLOCK_SAMPLES + state->staged
                            - PPGKD_WINDOW_SAMPLES;
    if (part == PPGKD_BLOCKS) {
        const float *staged = state->arena.number + PPGKD_STAGING + channel;
        for (unsigned i = 0; i < state->staged; i++) {
            const float value = staged[i * PPGKD_CHANNELS];
            out->sample[i] = fabsf(value) <= LARGEST_SAMPLE ? value : NAN;
        }
        out->n = state->staged;
        return;
    }
    read_block(&state->blocks[(state->block + part) % PPGKD_BLOCKS][channel], out->sample);
    out->n = PPGKD_BLOCK_SAMPLES;
    if (part == 0 && before > 0) {
        for (unsigned i = before; i < PPGKD_BLOCK_SAMPLES; i++)
            out->sample[i - before] = out->sample[i];
        out->n = (uint16_t)(PPGKD_BLOCK_SAMPLES - before);
    }
}
