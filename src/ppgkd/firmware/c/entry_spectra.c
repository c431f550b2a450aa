/* What a network along frequency sees: log power of each bin, and of twice its frequency. */
#include "stages.h"

#include <string.h>

#define PPG_FLOOR 1e-3f
#define LOG_SCALE 0.5f

/* Logarithm of a normal positive number. That of the C library takes three times the instructions,
 * for numbers that do not come here. */
static float log_of(float x)
{
    const uint32_t root_half = 0x3f3504f3u, one = 0x3f800000u;
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    /* x = m 2^e, with m from the root of 1/2 to that of 2 */
    bits += one - root_half;
    const float e = (float)((int32_t)(bits >> 23) - 127);
    bits = (bits & 0x7fffffu) + root_half;
    float m;
    memcpy(&m, &bits, sizeof m);
    const float s = (m - 1.0f) / (m + 1.0f), q = s * s;
    const float rest = 1.0f / 3.0f + q * (1.0f / 5.0f + q * (1.0f / 7.0f + q * (1.0f / 9.0f)));
    return e * 0.693147181f + 2.0f * s * (1.0f + q * rest);
}

/* At each frequency the PPG channels are sorted by power, because their order must not matter. */
static void sort(float *power)
{
    for (unsigned i = 1; i < PPGKD_PPG_CHANNELS; i++)
        for (unsigned j = i; j > 0 && power[j] < power[j - 1]; j--) {
            const float larger = power[j - 1];
            power[j - 1] = power[j];
            power[j] = larger;
        }
}

/* Scaled log power of the sensors' spectra at one frequency, to every other input: a bin and its
 * double alternate. */
static void find_spectra(float *power, float *column)
{
    sort(power);
    for (unsigned i = 0; i < PPGKD_PPG_CHANNELS; i++)
        column[2 * i] = LOG_SCALE * log_of(power[i] + PPG_FLOOR) + PPGKD_PPG_SHIFT;
#if PPGKD_ACC_CHANNELS
    float motion = 0.0f;
    for (unsigned i = PPGKD_PPG_CHANNELS; i < PPGKD_CHANNELS; i++)
        motion += power[i];
    column[2 * PPGKD_PPG_CHANNELS]
        = LOG_SCALE * log_of(motion + PPGKD_ACC_FLOOR) + PPGKD_ACC_SHIFT;
#endif
}

#if PPGKD_POSITION_INPUTS
/* The bin's place, linear and quadratic. */
static void find_position(unsigned bin, float *column)
{
    const float end = 1.7f;
    const float place = end * (2.0f * (float)bin / (float)(PPGKD_BINS - 1) - 1.0f);
    column[0] = place;
    column[1] = place * place - 1.0f;
}
#else
/* A perceptron sees the mean of the PPG's spectra. */
static void average(float *column)
{
    for (unsigned harmonic = 0; harmonic < 2; harmonic++) {
        float sum = 0.0f;
        for (unsigned i = 0; i < PPGKD_PPG_CHANNELS; i++)
            sum += column[2 * i + harmonic];
        column[harmonic] = sum / (float)PPGKD_PPG_CHANNELS;
        if (PPGKD_ACC_CHANNELS)
            column[2 + harmonic] = column[2 * PPGKD_PPG_CHANNELS + harmonic];
    }
}
#endif

void ppgkd_enter(float *cosines, ppgkd_sum *first)
{
    ppgkd_weigh_cosines(cosines);
    ppgkd_begin_first(first);
    for (unsigned bin = 0; bin < PPGKD_BINS; bin += 3) {
        float power[2][3][PPGKD_CHANNELS];
        ppgkd_power_at(cosines, &ppgkd_bins[0][bin], power[0]);
        ppgkd_power_at(cosines, &ppgkd_bins[1][bin], power[1]);
        for (unsigned i = 0; i < 3; i++) {
            float column[2 * (PPGKD_PPG_CHANNELS + 1) + 2];
            find_spectra(power[0][i], column);
            find_spectra(power[1][i], column + 1);
#if PPGKD_POSITION_INPUTS
            find_position(bin + i, column + PPGKD_INPUTS - PPGKD_POSITION_INPUTS);
#else
            average(column);
#endif
            ppgkd_add_column(bin + i, column, first);
        }
    }
}
