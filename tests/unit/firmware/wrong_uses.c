/* Wrong uses of the interface, and what each returns: a line for each; then the size of the state. */
#include "ppgkd.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST 1000

static ppgkd_state state, other;
static float samples[MOST * PPGKD_CHANNELS];
static ppgkd_estimate estimate;
static size_t taken;

static const char *name_of(ppgkd_status status)
{
    switch (status) {
    case PPGKD_OK:
        return "OK";
    case PPGKD_ESTIMATE:
        return "ESTIMATE";
    case PPGKD_NULL_POINTER:
        return "NULL_POINTER";
    case PPGKD_NOT_INITIALISED:
        return "NOT_INITIALISED";
    }
    return "unknown";
}

static void show(const char *what, ppgkd_status status)
{
    printf("%s: %s", what, name_of(status));
    if (status == PPGKD_ESTIMATE)
        printf(", %s, %s", isnan(estimate.bpm) ? "no bpm" : "bpm",
               estimate.valid ? "valid" : ppgkd_reason_text(estimate.reason));
    printf("\n");
}

static void fill(float ppg, float swing, float acc)
{
    for (unsigned i = 0; i < MOST; i++)
        for (unsigned c = 0; c < PPGKD_CHANNELS; c++) {
            const float wave = sinf(0.15f * (float)i);
            samples[i * PPGKD_CHANNELS + c] = c < PPGKD_PPG_CHANNELS ? ppg + swing * wave : acc;
        }
}

/* A window from a new state. */
static ppgkd_status push_window(void)
{
    ppgkd_init(&state);
    return ppgkd_push(&state, samples, MOST, &taken, &estimate);
}

int main(void)
{
    fill(20000.0f, 200.0f, 0.5f);
    show("init without a state", ppgkd_init(NULL));
    show("push without a state", ppgkd_push(NULL, samples, 1, &taken, &estimate));
    show("push before init", ppgkd_push(&state, samples, 1, &taken, &estimate));
    memset(&state, 0xa5, sizeof state);
    show("push to memory that was overwritten", ppgkd_push(&state, samples, 1, &taken, &estimate));
    ppgkd_init(&state);
    show("samples are NULL", ppgkd_push(&state, NULL, 1, &taken, &estimate));
    show("n_taken is NULL", ppgkd_push(&state, samples, 1, NULL, &estimate));
    show("estimate is NULL", ppgkd_push(&state, samples, 1, &taken, NULL));
    show("no samples", ppgkd_push(&state, NULL, 0, &taken, &estimate));
    state.mark ^= 1;
    show("the state of another student", ppgkd_push(&state, samples, 1, &taken, &estimate));

    show("a good window", push_window());
    printf("more samples than until the estimate: %u of %u taken\n", (unsigned)taken, MOST);
    memcpy(&other, &state, sizeof state);
    const ppgkd_status moved = ppgkd_push(&other, samples, 100, &taken, &estimate);
    show("a state that was copied", moved);
    estimate.bpm = 1.0f;
    ppgkd_push(&state, samples, 1, &taken, &estimate);
    printf("estimate read without one: %s\n", estimate.bpm == 1.0f ? "as before" : "changed");

    fill(20000.0f, 0.0f, 0.5f);
    show("a flat PPG", push_window());
    fill(NAN, 0.0f, 0.5f);
    show("a PPG of NaN", push_window());
    fill(20000.0f, 200.0f, INFINITY);
    show("an infinite acceleration", push_window());
    fill(20000.0f, 1e30f, 0.5f);
    show("a PPG beyond all counts", push_window());
    fill(1e-30f, 1e-32f, 0.5f);
    show("a PPG of tiny numbers", push_window());
    printf("%u\n", (unsigned)sizeof state);
    return 0;
}
