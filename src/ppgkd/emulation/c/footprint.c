/* The smallest program with a student, and without it: their difference is what it takes.
 *
 * Neither has files or a C library beside what the student's code calls. This program is linked,
 * not run.
 */

#ifdef WITH_STUDENT

#include "ppgkd.h"

static ppgkd_state state;

int main(void) {
    const float sample[PPGKD_CHANNELS] = {0.0f};
    ppgkd_estimate estimate;
    size_t n_taken;
    ppgkd_init(&state);
    for (;;) {
        ppgkd_push(&state, sample, 1, &n_taken, &estimate);
    }
}

#else

int main(void) {
    for (;;) {
    }
}

#endif
