/* Exact power of a window at any frequency, from its cosines.
 *
 * Seen from the window's centre, cosines of even order are even and give the real part, the others
 * the imaginary one. The sum over the samples of cos(pi k t / T) exp(-i w t) is
 *
 *     sin or cos(w T / 2) sin(u) cos(v) / (sin^2 u - sin^2 v),   u = w / 2 rate, v = pi k / 2n,
 *
 * so each frequency costs one multiplication for each order and channel, and no table. Where the
 * frequency is that of an order, all others of its parity leave, and its amplitude remains. */
#include "stages.h"

#define AMPLITUDES(k) (cosines + ((k) - PPGKD_FIRST_ORDER) * PPGKD_CHANNELS)

/* The sums are in registers: channels are written out, and a pair of frequencies shares what is
 * loaded for one. */
#define ZERO(c) float a##c = 0.0f, b##c = 0.0f;
#define ADD(c)                                                                                     \
    a##c += by_a * amplitude[c];                                                                   \
    b##c += by_b * amplitude[c];
#define STORE(c)                                                                                   \
    sum_a[c] = a##c;                                                                               \
    sum_b[c] = b##c;
#define SUMS_OVER(name, EACH)                                                                      \
    static void name(const float *cosines, unsigned parity, float x_a, float x_b, float *sum_a,    \
                     float *sum_b)                                                                 \
    {                                                                                              \
        EACH(ZERO)                                                                                 \
        for (unsigned k = PPGKD_FIRST_ORDER + (PPGKD_FIRST_ORDER + parity) % 2;                    \
             k <= PPGKD_LAST_ORDER; k += 2) {                                                      \
            const float by_a = 1.0f / (x_a - ppgkd_x[k]), by_b = 1.0f / (x_b - ppgkd_x[k]);        \
            const float *amplitude = AMPLITUDES(k);                                                \
            EACH(ADD)                                                                              \
        }                                                                                          \
        EACH(STORE)                                                                                \
    }

SUMS_OVER(sums, PPGKD_EACH_CHANNEL)
SUMS_OVER(sums_of_ppg, PPGKD_EACH_PPG)
#if PPGKD_ACC_CHANNELS
SUMS_OVER(sums_of_acc, PPGKD_EACH_ACC)
#endif

/* Power of the order itself; its weight, the cosine, is taken back. */
static float own_power(const float *cosines, unsigned k, unsigned channel)
{
    const float amplitude = AMPLITUDES(k)[channel];
    return amplitude * amplitude / (1.0f - ppgkd_x[k]);
}

static float bin_power(const float *cosines, const ppgkd_frequency *at, float even, float odd,
                       unsigned channel)
{
    const float power = at->even * even * even + at->odd * odd * odd;
    return at->own < 0 ? power : power + own_power(cosines, (unsigned)at->own, channel);
}

void ppgkd_bin_power(const float *cosines, const ppgkd_frequency *two, float *first,
                     float *second)
{
    float even[2][PPGKD_CHANNELS], odd[2][PPGKD_CHANNELS];
    sums(cosines, 0, two[0].x, two[1].x, even[0], even[1]);
    sums(cosines, 1, two[0].x, two[1].x, odd[0], odd[1]);
    for (unsigned channel = 0; channel < PPGKD_CHANNELS; channel++) {
        first[channel] = bin_power(cosines, &two[0], even[0][channel], odd[0][channel], channel);
        second[channel] = bin_power(cosines, &two[1], even[1][channel], odd[1][channel], channel);
    }
}

/* Power at a frequency of an order m, of which the orders of the other parity are the rest. */
static float order_power(const float *cosines, unsigned m, float sum, unsigned channel)
{
    const float rest = PPGKD_POWER_OF_SUM * ppgkd_x[m] * sum * sum;
    const bool is_kept = m >= PPGKD_FIRST_ORDER && m <= PPGKD_LAST_ORDER;
    return is_kept ? rest + own_power(cosines, m, channel) : rest;
}

void ppgkd_ppg_power(const float *cosines, float *power)
{
    for (unsigned m = 0; m < PPGKD_POWERS; m += m % 2 ? 3 : 1) {
        float sum[2][PPGKD_CHANNELS];
        const unsigned second = m + 2 < PPGKD_POWERS ? m + 2 : m;
        sums_of_ppg(cosines, m + 1, ppgkd_x[m], ppgkd_x[second], sum[0], sum[1]);
        for (unsigned channel = 0; channel < PPGKD_PPG_CHANNELS; channel++) {
            float *of_channel = power + channel * PPGKD_POWERS;
            of_channel[m] = order_power(cosines, m, sum[0][channel], channel);
            of_channel[second] = order_power(cosines, second, sum[1][channel], channel);
        }
    }
}

#if PPGKD_ACC_CHANNELS
void ppgkd_motion_power(const float *cosines, float *power)
{
    for (unsigned m = 0; m < PPGKD_POWERS; m += m % 2 ? 3 : 1) {
        float sum[2][PPGKD_CHANNELS];
        const unsigned second = m + 2 < PPGKD_POWERS ? m + 2 : m;
        sums_of_acc(cosines, m + 1, ppgkd_x[m], ppgkd_x[second], sum[0], sum[1]);
        power[m] = power[second] = 0.0f;
        for (unsigned channel = PPGKD_PPG_CHANNELS; channel < PPGKD_CHANNELS; channel++) {
            power[m] += order_power(cosines, m, sum[0][channel], channel);
            if (second != m)
                power[second] += order_power(cosines, second, sum[1][channel], channel);
        }
    }
}
#endif
