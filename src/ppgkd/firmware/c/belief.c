/* From logits to heart rate: probabilities, the filter over time, estimate and spread. */
#include "stages.h"

#include <math.h>

#define HALF_WIDTH 8 /* classes around the mode whose mean is the estimate */

static unsigned mode_of(const float *values)
{
    unsigned mode = 0;
    for (unsigned c = 1; c < PPGKD_CLASSES; c++)
        if (values[c] > values[mode])
            mode = c;
    return mode;
}

/* In place; false where the network's outputs are not numbers. */
bool ppgkd_softmax(float *values)
{
    const float largest = values[mode_of(values)];
    float total = 0.0f;
    for (unsigned c = 0; c < PPGKD_CLASSES; c++)
        total += values[c] = expf(values[c] - largest);
    for (unsigned c = 0; c < PPGKD_CLASSES; c++)
        values[c] /= total;
    return total > 0.0f;
}

void ppgkd_decode(const float *probabilities, float *bpm, float *sd_bpm)
{
    const int mode = (int)mode_of(probabilities);
    float weight = 0.0f, offset = 0.0f, variance = 0.0f;
    for (int c = 0; c < PPGKD_CLASSES; c++)
        if (c >= mode - HALF_WIDTH && c <= mode + HALF_WIDTH) {
            weight += probabilities[c];
            offset += probabilities[c] * (float)(c - mode);
        }
    offset /= weight;
    for (int c = 0; c < PPGKD_CLASSES; c++) {
        const float distance = (float)(c - mode) - offset;
        variance += probabilities[c] * distance * distance;
    }
    *bpm = (float)(PPGKD_LOWEST_BPM + mode) + offset;
    *sd_bpm = sqrtf(variance);
}

/* A heart rate moves by a normal step, or jumps to any rate. A class near the end of the grid
 * cannot step beyond it. */
static void spread(float *belief)
{
    float before[PPGKD_CLASSES], total = 0.0f;
    for (int c = 0; c < PPGKD_CLASSES; c++) {
        const int from_end = c < PPGKD_CLASSES / 2 ? c : PPGKD_CLASSES - 1 - c;
        before[c] = belief[c] * (1.0f - PPGKD_JUMP) / ppgkd_step_total[from_end];
        total += belief[c];
    }
    for (int c = 0; c < PPGKD_CLASSES; c++) {
        float sum = PPGKD_JUMP / (float)PPGKD_CLASSES * total;
        const int first = c < PPGKD_STEPS ? 0 : c - PPGKD_STEPS + 1;
        const int last = c + PPGKD_STEPS > PPGKD_CLASSES ? PPGKD_CLASSES - 1 : c + PPGKD_STEPS - 1;
        for (int from = first; from <= last; from++)
            sum += before[from] * ppgkd_step[from < c ? c - from : from - c];
        belief[c] = sum;
    }
}

static float evidence_of(float probability)
{
    return PPGKD_EVIDENCE == 0.5f ? sqrtf(probability)
                                  : PPGKD_EVIDENCE == 1.0f ? probability
                                                           : powf(probability, PPGKD_EVIDENCE);
}

static void normalise(float *values)
{
    float total = 0.0f;
    for (unsigned c = 0; c < PPGKD_CLASSES; c++)
        total += values[c];
    for (unsigned c = 0; c < PPGKD_CLASSES; c++)
        values[c] /= total;
}

void ppgkd_update_belief(float *belief, float *probabilities, const uint8_t *motion)
{
    float total = 0.0f;
    spread(belief);
    for (unsigned c = 0; c < PPGKD_CLASSES; c++) {
        if (motion && motion[ppgkd_nearest_power[c]])
            probabilities[c] *= 1.0f - PPGKD_MOTION_DISCOUNT;
        probabilities[c] = evidence_of(probabilities[c]);
        belief[c] *= probabilities[c];
        total += belief[c];
    }
    /* if the window excludes all classes of the belief, it replaces it */
    for (unsigned c = 0; c < PPGKD_CLASSES && !(total > 0.0f); c++)
        belief[c] = probabilities[c];
    normalise(belief);
}
