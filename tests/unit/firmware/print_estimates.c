/* Reads samples (float32) from a file, in chunks of some size, and prints the estimates. */
#include "ppgkd.h"

#include <stdio.h>
#include <stdlib.h>

#define MOST 4096

static ppgkd_state state;
static float samples[MOST * PPGKD_CHANNELS];

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    FILE *file = fopen(argv[1], "rb");
    const size_t chunk = (size_t)atoi(argv[2]);
    size_t n;
    if (!file || chunk == 0 || chunk > MOST || ppgkd_init(&state) != PPGKD_OK)
        return 2;
    while ((n = fread(samples, sizeof(float) * PPGKD_CHANNELS, chunk, file)) > 0) {
        for (size_t done = 0; done < n;) {
            size_t taken;
            ppgkd_estimate e;
            const ppgkd_status status
                = ppgkd_push(&state, samples + done * PPGKD_CHANNELS, n - done, &taken, &e);
            if (status < 0)
                return 1;
            if (status == PPGKD_ESTIMATE)
                printf("%.6f,%.9g,%.9g,%.9g,%.9g,%d,%s\n", e.end_s, (double)e.bpm,
                       (double)e.sd_bpm, (double)e.window_bpm, (double)e.window_sd_bpm, e.valid,
                       ppgkd_reason_text(e.reason));
            done += taken;
        }
    }
    fclose(file);
    return 0;
}
