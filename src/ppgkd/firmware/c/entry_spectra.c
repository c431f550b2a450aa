/* What a network along frequency sees: log power of each bin, and of twice its frequency. */
#include "stages.h"

#include <math.h>

#define PPG_FLOOR 1e-3f
#define LOG_SCALE 0.5f

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

/* Scaled log power of the sensors' spectra at one frequency. */
static void spectra(float *power, float *column, unsigned apart)
{
    sort(power);
    for (unsigned i = 0; i < PPGKD_PPG_CHANNELS; i++)
        column[i * apart] = LOG_SCALE * logf(power[i] + PPG_FLOOR) + PPGKD_PPG_SHIFT;
#if PPGKD_ACC_CHANNELS
    float motion = 0.0f;
    for (unsigned i = PPGKD_PPG_CHANNELS; i < PPGKD_CHANNELS; i++)
        motion += power[i];
    column[PPGKD_PPG_CHANNELS * apart]
        = LOG_SCALE * logf(motion + PPGKD_ACC_FLOOR) + PPGKD_ACC_SHIFT;
#endif
}

#if PPGKD_POSITION_INPUTS
/* The bin's place, linear and quadratic. */
static void position(unsigned bin, float *column)
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

void ppgkd_enter(float *cosines, float *first)
{
    ppgkd_weigh_cosines(cosines);
    ppgkd_clear_first(&ppgkd_first, first);
    for (unsigned bin = 0; bin < PPGKD_BINS; bin++) {
        float power[2][PPGKD_CHANNELS];
        float column[2 * (PPGKD_PPG_CHANNELS + 1) + 2];
        ppgkd_bin_power(cosines, ppgkd_bins[bin], power[0], power[1]);
        spectra(power[0], column, 2);
        spectra(power[1], column + 1, 2);
#if PPGKD_POSITION_INPUTS
        position(bin, column + ppgkd_first.inputs - PPGKD_POSITION_INPUTS);
#else
        average(column);
#endif
        ppgkd_add_column(&ppgkd_first, bin, column, first);
    }
}
