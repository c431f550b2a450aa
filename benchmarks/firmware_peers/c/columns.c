/* In place of the front end of ppgkd's C: columns of the network's input from the benchmark. */

#include <string.h>

#include "network.h"
#include "stages.h"

#define POSITIONS (INPUT_BYTES / sizeof(float) / COLUMN)

static ppgkd_arena arena;
static const float *columns;

void ppgkd_enter(float *cosines, float *first) {
    (void)cosines;
    ppgkd_clear_first(&ppgkd_first, first);
    for (unsigned position = 0; position < POSITIONS; position++) {
        ppgkd_add_column(&ppgkd_first, position, columns + position * COLUMN, first);
    }
}

void network_infer(const void *input, void *output) {
    columns = input;
    ppgkd_network(&arena);
    memcpy(output, arena.number + PPGKD_ORDERS * PPGKD_CHANNELS, OUTPUT_BYTES);
}
