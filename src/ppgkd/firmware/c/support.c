/* How well a window's signal supports an estimate.
 *
 * The power of the PPG's slope lies at the heart rate and its harmonics. Twice the rate leaves
 * power between them, half the rate has no power of its own. */
#include "stages.h"

#define HALF_WIDTH_HZ 0.125f

/* Of the estimate: three harmonics, then what lies between them for half and a third of it. */
static const float multiples[] = {1.0f,        2.0f,        3.0f,        0.5f,        1.5f,
                                  2.5f,        1.0f / 3.0f, 2.0f / 3.0f, 4.0f / 3.0f, 5.0f / 3.0f};
#define MULTIPLES (sizeof multiples / sizeof *multiples)

static float part_of(float part, float other)
{
    return part / larger(part + other, PPGKD_TINY);
}

/* Slope's power around a multiple of the estimate: all of it, and what motion leaves free. */
static void find_around(const float *slope, const uint8_t *motion, float centre_hz, float *all,
                        float *free)
{
    const float per_hz = 1.0f / PPGKD_POWER_HZ;
    float first = ceilf((centre_hz - HALF_WIDTH_HZ) * per_hz);
    float last = floorf((centre_hz + HALF_WIDTH_HZ) * per_hz);
    first = larger(first, 0.0f);
    last = smaller(last, (float)(PPGKD_POWERS - 1));
    *all = *free = 0.0f;
    for (int m = (int)first; m <= (int)last; m++) {
        *all += slope[m];
        if (!motion[m])
            *free += slope[m];
    }
}

void ppgkd_find_support(float *power, const uint8_t *motion, float bpm, ppgkd_evidence *support)
{
    float share[MULTIPLES] = {0}, free_share[MULTIPLES] = {0};
    support->pulse = 0.0f;
    for (unsigned channel = 0; channel < PPGKD_PPG_CHANNELS; channel++) {
        float *slope = power + channel * PPGKD_POWERS;
        float total = 0.0f, free_total = 0.0f, pulse = 0.0f;
        for (unsigned m = 0; m < PPGKD_POWERS; m++) {
            slope[m] *= (float)(m * m);
            total += slope[m];
            if (!motion[m])
                free_total += slope[m];
        }
        total = larger(total, PPGKD_TINY);
        for (unsigned i = 0; i < MULTIPLES; i++) {
            float all, free;
            find_around(slope, motion, bpm / 60.0f * multiples[i], &all, &free);
            share[i] += all / total;
            free_share[i] += free / total;
            if (i < 3)
                pulse += free;
        }
        support->pulse = larger(support->pulse, pulse / larger(free_total, PPGKD_TINY));
    }
    const float harmonics = share[0] + share[1] + share[2];
    support->not_double = part_of(harmonics, free_share[3] + free_share[4] + free_share[5]);
    support->not_triple
        = part_of(harmonics, free_share[6] + free_share[7] + free_share[8] + free_share[9]);
    support->not_half = part_of(share[0], share[1]);
}
