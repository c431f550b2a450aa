/* The smallest program that calls a network, and with EMPTY the same without it. Linked, not run. */

#ifdef EMPTY

int main(void) {
    for (;;) {
    }
}

#else

#include "network.h"

static _Alignas(16) unsigned char input[INPUT_BYTES];
static _Alignas(16) unsigned char output[OUTPUT_BYTES];

int main(void) {
    for (;;) {
        network_infer(input, output);
    }
}

#endif
