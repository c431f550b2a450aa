/* A network on windows from a file, as its peer wants them: bytes in, bytes out, and the counters.
 *
 * In the current folder it reads inputs.bin and writes outputs.bin and counters.u32: the ticks of
 * the longest inference, and the stack of one in bytes.
 */

#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "network.h"

static _Alignas(16) unsigned char input[INPUT_BYTES];
static _Alignas(16) unsigned char output[OUTPUT_BYTES];

static FILE *opened(const char *name, const char *mode) {
    FILE *file = fopen(name, mode);
    if (file == NULL) {
        fputs("a file cannot be opened\n", stderr);
        exit(1);
    }
    return file;
}

int main(void) {
    FILE *inputs = opened("inputs.bin", "rb");
    FILE *outputs = opened("outputs.bin", "wb");
    uint32_t counters[2] = {0, 0};
    while (fread(input, sizeof(input), 1, inputs) == 1) {
        board_paint_stack();
        const uint32_t before = board_ticks();
        network_infer(input, output);
        const uint32_t ticks = (before - board_ticks()) & TICKS_MASK;
        const uint32_t stack = board_stack_bytes();
        counters[0] = ticks > counters[0] ? ticks : counters[0];
        counters[1] = stack > counters[1] ? stack : counters[1];
        fwrite(output, sizeof(output), 1, outputs);
    }
    fclose(outputs);
    outputs = opened("counters.u32", "wb");
    fwrite(counters, sizeof(counters), 1, outputs);
    fclose(outputs);
    exit(0);
}
