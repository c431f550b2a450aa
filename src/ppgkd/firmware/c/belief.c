/* From logits to heart rate: probabilities, the filter over time, estimate and spread. */
#include "stages.h"

#include <string.h>

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
    const int mode = (int)mode_of(probabilities), last = PPGKD_CLASSES - 1;
    const int low = mode < HALF_WIDTH ? 0 : mode - HALF_WIDTH;
    const int high = mode + HALF_WIDTH > last ? last : mode + HALF_WIDTH;
    float weight = 0.0f, offset = 0.0f, variance = 0.0f;
    for (int c = low; c <= high; c++) {
        weight += probabilities[c];
        offset += probabilities[c] * (float)(c - mode);
    }
    offset /= weight;
    for (int c = 0; c <= last; c++) {
        const float distance = (float)(c - mode) - offset;
        variance += probabilities[c] * distance * distance;
    }
    *bpm = (float)(PPGKD_LOWEST_BPM + mode) + offset;
    *sd_bpm = sqrtf(variance);
}

/* A heart rate moves by a normal step, or jumps to any rate. A class near the end of the grid
 * cannot step beyond it. */
void ppgkd_predict_belief(float *belief, float *scratch)
{
    float *before = scratch + PPGKD_STEPS; /* with zeros to both sides */
    float jumped = 0.0f;
    memset(scratch, 0, (PPGKD_CLASSES + 2 * PPGKD_STEPS) * sizeof *scratch);
    for (unsigned c = 0; c < PPGKD_CLASSES; c++) {
        const unsigned from_end = c < PPGKD_CLASSES / 2 ? c : PPGKD_CLASSES - 1 - c;
        before[c] = belief[c] * (1.0f - PPGKD_JUMP) / ppgkd_step_total[from_end];
        jumped += belief[c] * PPGKD_JUMP / (float)PPGKD_CLASSES;
    }
    for (unsigned c = 0; c < PPGKD_CLASSES; c++) {
        const float *above = before + c, *below = before + c;
        float sum = *above * ppgkd_step[0];
        for (unsigned step = 1; step < PPGKD_STEPS; step++)
            sum += (*++above + *--below) * ppgkd_step[step];
        belief[c] = jumped + sum;
    }
}

static float evidence_of(float probability)
{
    if (PPGKD_EVIDENCE == 1.0f)
        return probability;
    return PPGKD_EVIDENCE == 0.5f ? sqrtf(probability) : powf(probability, PPGKD_EVIDENCE);
}

static void normalise(float *values)
{
    float total = 0.0f;
    for (unsigned c = 0; c < PPGKD_CLASSES; c++)
        total += values[c];
    for (unsigned c = 0; c < PPGKD_CLASSES; c++)
        values[c] /= total;
}

void ppgkd_update_belief(float *belief, const float *probabilities)
{
    float total = 0.0f;
    for (unsigned c = 0; c < PPGKD_CLASSES; c++) {
        belief[c] *= evidence_of(probabilities[c]);
        total += belief[c];
    }
    /* if the window excludes all classes of the belief, it replaces it */
    for (unsigned c = 0; c < PPGKD_CLASSES && !(total > 0.0f); c++)
        belief[c] = evidence_of(probabilities[c]);
    normalise(belief);
}

/* What the accelerometer feels counts less: as if its classes had been less probable before. */
void ppgkd_discount_motion(float *belief, const uint8_t *motion)
{
    const float kept = evidence_of(1.0f - PPGKD_MOTION_DISCOUNT);
    for (unsigned c = 0; c < PPGKD_CLASSES; c++)
        if (motion[ppgkd_nearest_power[c]])
            belief[c] *= kept;
    normalise(belief);
}
