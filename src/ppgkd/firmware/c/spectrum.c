/* Exact power of a window at any frequency, from its cosines.
 *
 * Seen from the window's centre, cosines of even order are even and give the real part, the others
 * the imaginary one. The sum over the samples of cos(pi k t / T) exp(-i w t) is
 *
 *     sin or cos(w T / 2) sin(u) cos(v) / (sin^2 u - sin^2 v),   u = w / 2 rate, v = pi k / 2n,
 *
 * so each frequency costs one multiplication for each order and channel, and no table. At the
 * frequency of an order all others of its parity leave, and its own amplitude remains. */
#include "stages.h"

#define AMPLITUDES(k) (cosines + ((k) - PPGKD_FIRST_ORDER) * PPGKD_CHANNELS)

/* The sums are in registers: channels are written out, and three frequencies share what is loaded
 * for one. */
#define ZERO(n) float a_##n = 0.0f, b_##n = 0.0f, c_##n = 0.0f;
#define ADD(n)                                                                                     \
    a_##n += by_a * amplitude[n];                                                                  \
    b_##n += by_b * amplitude[n];                                                                  \
    c_##n += by_c * amplitude[n];
#define STORE(n)                                                                                   \
    sum[0][n] = a_##n;                                                                             \
    sum[1][n] = b_##n;                                                                             \
    sum[2][n] = c_##n;

static void find_sums(const float *cosines, unsigned parity, float x_a, float x_b, float x_c,
                      float sum[3][PPGKD_CHANNELS])
{
    PPGKD_EACH_CHANNEL(ZERO)
    for (unsigned k = PPGKD_FIRST_ORDER + (PPGKD_FIRST_ORDER + parity) % 2; k <= PPGKD_LAST_ORDER;
         k += 2) {
        const float x = ppgkd_x[k], *amplitude = AMPLITUDES(k);
        /* three reciprocals by one division, which takes as long as ten multiplications */
        const float from_a = x_a - x, from_b = x_b - x, from_c = x_c - x;
        const float ab = from_a * from_b, by_abc = 1.0f / (ab * from_c);
        const float by_c = by_abc * ab, by_ab = by_abc * from_c;
        const float by_a = by_ab * from_b, by_b = by_ab * from_a;
        PPGKD_EACH_CHANNEL(ADD)
    }
    PPGKD_EACH_CHANNEL(STORE)
}

/* Power of the order itself; its weight, the cosine, is taken back. */
static float own_power(const float *cosines, unsigned k, unsigned channel)
{
    const float amplitude = AMPLITUDES(k)[channel];
    return amplitude * amplitude / (1.0f - ppgkd_x[k]);
}

#if PPGKD_SEES_SPECTRA
void ppgkd_power_at(const float *cosines, const ppgkd_frequency *three,
                    float power[3][PPGKD_CHANNELS])
{
    float sum[3][PPGKD_CHANNELS];
    find_sums(cosines, 0, three[0].x, three[1].x, three[2].x, sum);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned channel = 0; channel < PPGKD_CHANNELS; channel++)
            power[i][channel] = three[i].even * sum[i][channel] * sum[i][channel];
    find_sums(cosines, 1, three[0].x, three[1].x, three[2].x, sum);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned channel = 0; channel < PPGKD_CHANNELS; channel++) {
            power[i][channel] += three[i].odd * sum[i][channel] * sum[i][channel];
            if (three[i].own >= 0)
                power[i][channel] += own_power(cosines, (unsigned)three[i].own, channel);
        }
}
#endif

/* Power at the frequency of an order: its own, and the sum over those of the other parity. */
static float order_power(const float *cosines, unsigned m, float sum, unsigned channel)
{
    const float rest = PPGKD_POWER_OF_SUM * ppgkd_x[m] * sum * sum;
    const bool is_kept = m >= PPGKD_FIRST_ORDER && m <= PPGKD_LAST_ORDER;
    return is_kept ? rest + own_power(cosines, m, channel) : rest;
}

static void store_power(const float *cosines, unsigned m, const float *sum, float *power)
{
    float *motion = power + PPGKD_PPG_CHANNELS * PPGKD_POWERS + m;
    for (unsigned channel = 0; channel < PPGKD_PPG_CHANNELS; channel++)
        power[channel * PPGKD_POWERS + m] = order_power(cosines, m, sum[channel], channel);
    for (unsigned channel = PPGKD_PPG_CHANNELS; channel < PPGKD_CHANNELS; channel++)
        *motion = (channel == PPGKD_PPG_CHANNELS ? 0.0f : *motion)
                  + order_power(cosines, m, sum[channel], channel);
}

void ppgkd_power_of_orders(const float *cosines, float *power)
{
    const unsigned last = PPGKD_POWERS - 1;
    /* three neighbours of a parity at a time; beyond the end, the first of them again */
    for (unsigned m = 0; m <= last; m += m % 2 ? 5 : 1) {
        const unsigned second = m + 2 <= last ? m + 2 : m, third = m + 4 <= last ? m + 4 : m;
        float sum[3][PPGKD_CHANNELS];
        find_sums(cosines, m + 1, ppgkd_x[m], ppgkd_x[second], ppgkd_x[third], sum);
        store_power(cosines, m, sum[0], power);
        store_power(cosines, second, sum[1], power);
        store_power(cosines, third, sum[2], power);
    }
}
