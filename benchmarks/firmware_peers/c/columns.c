/* In place of the front end of ppgkd's C: columns of the network's input from the benchmark. */

#include <string.h>

#include "network.h"
#include "stages.h"

#define POSITIONS (INPUT_BYTES / sizeof(float) / PPGKD_INPUTS)

static ppgkd_arena arena;
static const float *columns;

void ppgkd_enter(float *cosines, ppgkd_sum *first) {
    (void)cosines;
    ppgkd_begin_first(first);
    for (unsigned position = 0; position < POSITIONS; position++) {
        ppgkd_add_column(position, columns + position * PPGKD_INPUTS, first);
    }
}

void network_infer(const void *input, void *output) {
    columns = input;
    ppgkd_network(&arena);
    memcpy(output, arena.number + PPGKD_COSINES, OUTPUT_BYTES);
}
