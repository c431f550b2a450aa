/* Self-test: golden vectors through the interface. Exits with 0 if all is well. */
#include "golden.h"

#include <stdio.h>

static ppgkd_state state;
static int n_wrong;

static bool differs(float found, float expected)
{
    if (isnan(expected))
        return !isnan(found);
    return !(fabsf(found - expected) <= PPGKD_GOLDEN_TOLERANCE_BPM);
}

static void compare(const char *how, const ppgkd_estimate *found, const ppgkd_estimate *expected)
{
    const bool is_wrong = differs(found->bpm, expected->bpm)
                          || differs(found->sd_bpm, expected->sd_bpm)
                          || differs(found->window_bpm, expected->window_bpm)
                          || differs(found->window_sd_bpm, expected->window_sd_bpm)
                          || found->reason != expected->reason || found->valid != expected->valid
                          || found->end_s != expected->end_s;
    printf("%s, %s: %5.1f s, %.3f BPM (%.3f), sd %.3f (%.3f), %s (%s)\n",
           is_wrong ? "WRONG" : "ok", how, expected->end_s, (double)found->bpm,
           (double)expected->bpm, (double)found->sd_bpm, (double)expected->sd_bpm,
           found->valid ? "valid" : ppgkd_reason_text(found->reason),
           expected->valid ? "valid" : ppgkd_reason_text(expected->reason));
    n_wrong += is_wrong;
}

static void read_sample(unsigned row, float *sample)
{
    for (unsigned channel = 0; channel < PPGKD_CHANNELS; channel++) {
        const int16_t code = golden_samples[row * PPGKD_CHANNELS + channel];
        const float unit = channel < PPGKD_PPG_CHANNELS ? 1.0f : PPGKD_GOLDEN_PER_G;
        sample[channel] = code == PPGKD_GOLDEN_LOST ? NAN : (float)code / unit;
    }
}

/* Push all samples, so many at a time. */
static void push_in_chunks(const char *how, unsigned chunk)
{
    float samples[16 * PPGKD_CHANNELS];
    unsigned n_estimates = 0;
    ppgkd_init(&state);
    for (unsigned row = 0; row < PPGKD_GOLDEN_SAMPLES;) {
        unsigned n = 0;
        for (; n < chunk && row < PPGKD_GOLDEN_SAMPLES; n++, row++)
            read_sample(row, samples + n * PPGKD_CHANNELS);
        for (size_t done = 0, taken; done < n; done += taken) {
            ppgkd_estimate found;
            if (ppgkd_push(&state, samples + done * PPGKD_CHANNELS, n - done, &taken, &found)
                == PPGKD_ESTIMATE)
                compare(how, &found, &golden_estimates[n_estimates++]);
        }
    }
    if (n_estimates != PPGKD_GOLDEN_ESTIMATES) {
        printf("WRONG, %s: %u estimates in place of %u\n", how, n_estimates,
               (unsigned)PPGKD_GOLDEN_ESTIMATES);
        n_wrong++;
    }
}

static void expect(const char *what, ppgkd_status found, ppgkd_status expected)
{
    printf("%s, %s: status %d\n", found == expected ? "ok" : "WRONG", what, (int)found);
    n_wrong += found != expected;
}

static void misuse(void)
{
    static const float sample[PPGKD_CHANNELS];
    static ppgkd_state never_initialised;
    ppgkd_estimate estimate;
    size_t taken;
    expect("init without a state", ppgkd_init(NULL), PPGKD_NULL_POINTER);
    expect("push without init", ppgkd_push(&never_initialised, sample, 1, &taken, &estimate),
           PPGKD_NOT_INITIALISED);
    expect("push without samples", ppgkd_push(&state, NULL, 1, &taken, &estimate),
           PPGKD_NULL_POINTER);
    expect("push of no samples", ppgkd_push(&state, NULL, 0, &taken, &estimate), PPGKD_OK);
}

int main(void)
{
    push_in_chunks("one sample at a time", 1);
    push_in_chunks("16 at a time", 16);
    misuse();
    if (n_wrong)
        printf("%d are wrong\n", n_wrong);
    else
        printf("all is well\n");
    return n_wrong ? 1 : 0;
}
