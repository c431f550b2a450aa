/* What a network along time sees: the window at the model's rate, from its cosines.
 *
 * Samples at equal distances from the window's ends differ in the sign of the odd orders, so two
 * are made at once. */
#include "stages.h"

#define ZERO(c) float even##c = 0.0f, odd##c = 0.0f;
#define ADD_EVEN(c) even##c += cosine * amplitude[c];
#define ADD_ODD(c) odd##c += cosine * amplitude[c];
#define STORE(c)                                                                                   \
    early[c] = even##c + odd##c;                                                                   \
    late[c] = even##c - odd##c;

/* The samples at `position` from the window's start, and from its end. */
static void make_samples(const float *cosines, unsigned position, float *early, float *late)
{
    const unsigned period = 4 * PPGKD_MODEL_SAMPLES, step = 2 * position + 1;
    unsigned angle = PPGKD_FIRST_ORDER * step % period;
    PPGKD_EACH_CHANNEL(ZERO)
    for (unsigned k = PPGKD_FIRST_ORDER; k <= PPGKD_LAST_ORDER; k++) {
        const float *amplitude = cosines + (k - PPGKD_FIRST_ORDER) * PPGKD_CHANNELS;
        const float cosine = ppgkd_cosine[angle];
        if (k % 2) {
            PPGKD_EACH_CHANNEL(ADD_ODD)
        } else {
            PPGKD_EACH_CHANNEL(ADD_EVEN)
        }
        angle += step;
        if (angle >= period)
            angle -= period;
    }
    PPGKD_EACH_CHANNEL(STORE)
}

void ppgkd_enter(float *cosines, ppgkd_sum *first)
{
    ppgkd_begin_first(first);
    for (unsigned position = 0; position < (PPGKD_MODEL_SAMPLES + 1) / 2; position++) {
        const unsigned mirrored = PPGKD_MODEL_SAMPLES - 1 - position;
        float early[PPGKD_CHANNELS], late[PPGKD_CHANNELS];
        make_samples(cosines, position, early, late);
        ppgkd_add_column(position, early, first);
        if (mirrored != position)
            ppgkd_add_column(mirrored, late, first);
    }
    ppgkd_weigh_cosines(cosines);
}
