/* A window as a sum of cosines: band-limiting, resampling and normalisation in one step.
 *
 * The amplitude of order k, cos(pi k t / length), comes from the DCT-II of the raw window, by a
 * Fourier transform of half its length (Makhoul, IEEE Trans. ASSP 28 (1980) 27). Orders outside
 * the pass band are left out. The cosines are orthogonal, so mean squares are sums over orders. */
#include "stages.h"

#include <string.h>

#define LEAST_POWER 0.5f      /* mean square of a PPG with a signal; that of a good one is 1 */
#define AMPLITUDE_FLOOR 1e-6f /* of the level: below, a PPG has rounding noise alone */
#define LARGEST_ENERGY 1e30f
#define MOVING_G 0.03f

static float amplitude(const ppgkd_order *order, const float *transform)
{
    const float *at = transform + 2 * order->at, *mirrored = transform + 2 * order->mirrored;
    return order->re * at[0] - order->im * at[1] + order->mirrored_re * mirrored[0]
           + order->mirrored_im * mirrored[1];
}

/* Amplitudes of a channel as parts of its range; returns their mean square. */
static float find_amplitudes(float *transform, float *cosines)
{
    float power = 0.0f;
    ppgkd_fft(transform);
    for (unsigned k = 0; k < PPGKD_ORDERS; k++) {
        const float found = amplitude(&ppgkd_orders[k], transform);
        cosines[k * PPGKD_CHANNELS] = found;
        power += found * found;
    }
    return 0.5f * power;
}

static void scale(float *cosines, float factor)
{
    for (unsigned k = 0; k < PPGKD_ORDERS; k++)
        cosines[k * PPGKD_CHANNELS] = factor == 0.0f ? 0.0f : cosines[k * PPGKD_CHANNELS] * factor;
}

ppgkd_window ppgkd_find_cosines(ppgkd_state *state, float *cosines)
{
    float *transform = cosines + PPGKD_COSINES;
    ppgkd_window window = {false, false};
    float motion = 0.0f; /* mean square of the acceleration, in g^2 */
    for (unsigned channel = 0; channel < PPGKD_CHANNELS; channel++) {
        ppgkd_levels levels;
        float factor = 0.0f;
        const bool is_ppg = channel < PPGKD_PPG_CHANNELS;
#if PPGKD_WINDOW_SAMPLES % 2
        memset(transform, 0, PPGKD_TRANSFORM * sizeof *transform); /* no imaginary parts */
#endif
        if (ppgkd_find_levels(state, channel, &levels)
            && ppgkd_load_window(state, channel, &levels, transform)) {
            const float range = levels.high - levels.low;
            const float power = find_amplitudes(transform, cosines + channel);
            if (is_ppg) {
                const float level = larger(fabsf(levels.low), fabsf(levels.high));
                const float floor = larger(AMPLITUDE_FLOOR * level, PPGKD_TINY);
                factor = range / larger(sqrtf(power) * range, floor);
                window.has_signal |= power * factor * factor > LEAST_POWER;
            } else {
                factor = range;
                motion += power * range * range;
            }
        } else if (!is_ppg) {
            motion = INFINITY;
        }
        scale(cosines + channel, factor);
    }
    /* the network has not learned to do without acceleration */
    if (!(motion * (float)PPGKD_MODEL_SAMPLES < LARGEST_ENERGY))
        window.has_signal = false;
    window.moves = sqrtf(motion) >= MOVING_G;
    return window;
}

void ppgkd_weigh_cosines(float *cosines)
{
    for (unsigned k = 0; k < PPGKD_ORDERS; k++) {
        const float cosine = sqrtf(1.0f - ppgkd_x[PPGKD_FIRST_ORDER + k]);
        for (unsigned channel = 0; channel < PPGKD_CHANNELS; channel++)
            cosines[k * PPGKD_CHANNELS + channel] *= cosine;
    }
}
