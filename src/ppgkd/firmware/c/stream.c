/* From samples to estimates: the functions of the interface. */
#include "stages.h"

#include <string.h>

ppgkd_status ppgkd_init(ppgkd_state *state)
{
    if (!state)
        return PPGKD_NULL_POINTER;
    memset(state, 0, sizeof *state);
    for (unsigned c = 0; c < PPGKD_CLASSES; c++)
        state->belief[c] = 1.0f / (float)PPGKD_CLASSES;
    state->until_estimate = PPGKD_WINDOW_SAMPLES;
    state->mark = PPGKD_MARK;
    return PPGKD_OK;
}

/* Without a signal all classes are equally likely. */
static void no_signal(float *probabilities)
{
    for (unsigned c = 0; c < PPGKD_CLASSES; c++)
        probabilities[c] = 1.0f / (float)PPGKD_CLASSES;
}

static void make_estimate(ppgkd_state *state, ppgkd_estimate *estimate)
{
    float *cosines = state->arena.number;
    float *probabilities = cosines + PPGKD_COSINES;
    float *power = probabilities; /* they are not needed any more */
    uint8_t *motion = state->arena.byte + sizeof(float) * PPGKD_MOTION;
    ppgkd_evidence *evidence = &state->evidence[state->window % PPGKD_RECENT];

    ppgkd_predict_belief(state->belief, state->arena.number);
    ppgkd_window window = ppgkd_find_cosines(state, cosines);
    ppgkd_network(&state->arena);
    if (!ppgkd_softmax(probabilities))
        window.has_signal = false;
    if (!window.has_signal)
        no_signal(probabilities);
    ppgkd_decode(probabilities, &estimate->window_bpm, &estimate->window_sd_bpm);
    ppgkd_update_belief(state->belief, probabilities);

    estimate->end_s = (double)state->n_samples / PPGKD_RATE_HZ;
    evidence->has_signal = window.has_signal;
    if (window.has_signal) {
        ppgkd_power_of_orders(cosines, power);
        ppgkd_find_motion(window.moves, power, motion);
        if (PPGKD_MOTION_DISCOUNT > 0.0f)
            ppgkd_discount_motion(state->belief, motion);
        ppgkd_decode(state->belief, &estimate->bpm, &estimate->sd_bpm);
        evidence->window_bpm = estimate->window_bpm;
        ppgkd_find_support(power, motion, estimate->bpm, evidence);
        estimate->reason = ppgkd_judge(state->evidence, estimate->bpm, estimate->sd_bpm);
    } else {
        estimate->bpm = estimate->sd_bpm = NAN;
        estimate->window_bpm = estimate->window_sd_bpm = NAN;
        estimate->reason = PPGKD_NO_SIGNAL;
    }
    estimate->valid = estimate->reason == PPGKD_VALID;
}

ppgkd_status ppgkd_push(ppgkd_state *state, const float *samples, size_t n_samples,
                        size_t *n_taken, ppgkd_estimate *estimate)
{
    if (!state || (!samples && n_samples) || !n_taken || !estimate)
        return PPGKD_NULL_POINTER;
    *n_taken = 0;
    if (state->mark != PPGKD_MARK)
        return PPGKD_NOT_INITIALISED;
    while (*n_taken < n_samples) {
        ppgkd_samples_add(state, samples + *n_taken * PPGKD_CHANNELS);
        ++*n_taken;
        state->n_samples++;
        if (--state->until_estimate == 0) {
            make_estimate(state, estimate);
            state->until_estimate = ppgkd_stride_samples[state->window % PPGKD_STRIDES];
            state->window = (uint16_t)((state->window + 1) % (PPGKD_RECENT * PPGKD_STRIDES));
            return PPGKD_ESTIMATE;
        }
    }
    return PPGKD_OK;
}
