/* Which frequencies are those of motion, by the acceleration. */
#include "stages.h"

#include <string.h>

#define MOTION_SHARE 0.05f /* of the highest power of the acceleration, or of its slope */
#define HALF_SHARE 0.3f    /* an arm feels both legs, at twice its own rate */
#define TO_EACH_SIDE 2

void ppgkd_find_motion(bool moves, const float *power, uint8_t *motion)
{
    float highest = 0.0f, highest_slope = 0.0f;
    power += PPGKD_PPG_CHANNELS * PPGKD_POWERS; /* that of the acceleration */
    memset(motion, 0, PPGKD_POWERS);
    if (!moves)
        return;
    for (unsigned m = 0; m < PPGKD_POWERS; m++) {
        highest = larger(highest, power[m]);
        highest_slope = larger(highest_slope, power[m] * (float)(m * m));
    }
    for (unsigned m = 0; m < PPGKD_POWERS; m++)
        if (power[m] > MOTION_SHARE * highest
            || power[m] * (float)(m * m) > MOTION_SHARE * highest_slope)
            motion[m] = 1;
    for (unsigned half = 0; 2 * half < PPGKD_POWERS; half++)
        if (power[2 * half] > HALF_SHARE * highest)
            for (unsigned m = half < TO_EACH_SIDE ? 0 : half - TO_EACH_SIDE;
                 m <= half + TO_EACH_SIDE && m < PPGKD_POWERS; m++)
                motion[m] = 1;
}
