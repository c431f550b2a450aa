/* The counter and the stack of a Cortex-M. Files are those of the host, by semihosting. */

#include <stdlib.h>

#include "board.h"

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define PROCESSOR_CLOCK_AND_ENABLE 5u

#define PATTERN 0xA5C3F00Du
#define PAINTED_WORDS (PAINTED_BYTES / sizeof(uint32_t))

extern void initialise_monitor_handles(void); /* of newlib's rdimon */

void board_open(void);
void board_close(int status);

void board_open(void) {
    initialise_monitor_handles();
    SYST_RVR = TICKS_MASK;
    SYST_CVR = 0;
    SYST_CSR = PROCESSOR_CLOCK_AND_ENABLE;
}

void board_close(int status) { exit(status); }

uint32_t board_ticks(void) { return SYST_CVR; }

static volatile uint32_t *stack_pointer(void) {
    volatile uint32_t *pointer;
    __asm volatile("mov %0, sp" : "=r"(pointer));
    return pointer;
}

static volatile uint32_t *top; /* the stack as `board_paint_stack` found it */

__attribute__((noinline)) void board_paint_stack(void) {
    top = stack_pointer();
    for (volatile uint32_t *word = top; word > top - PAINTED_WORDS;) {
        *--word = PATTERN;
    }
}

__attribute__((noinline)) size_t board_stack_bytes(void) {
    volatile uint32_t *word = top - PAINTED_WORDS;
    while (word < top && *word == PATTERN) {
        word++;
    }
    return (size_t)(top - word) * sizeof(uint32_t);
}
