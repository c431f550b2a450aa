/* Start of a Cortex-M: the vector table, and what the C language expects before main. */

#include <stdint.h>

#define CPACR (*(volatile uint32_t *)0xE000ED88u) /* coprocessor access control */
#define FULL_ACCESS_TO_FPU (0xFu << 20)           /* coprocessors 10 and 11, also of Helium */

extern uint32_t stack_top[], data_start[], data_end[], data_load[], bss_start[], bss_end[];

int main(void);
__attribute__((weak)) void board_open(void); /* before main, where a program has them */
__attribute__((weak)) void board_close(int status);
void reset_handler(void);
static void stop(void);

__attribute__((used, section(".vectors"))) static const uintptr_t vectors[16] = {
    (uintptr_t)stack_top,
    (uintptr_t)reset_handler,
    (uintptr_t)stop, /* NMI */
    (uintptr_t)stop, /* HardFault */
    (uintptr_t)stop, /* MemManage */
    (uintptr_t)stop, /* BusFault */
    (uintptr_t)stop, /* UsageFault */
};

/* A fault ends the emulation at once: an exception inside this handler locks the processor up. */
static void stop(void) {
    for (;;) {
        __asm volatile("udf #0");
    }
}

void reset_handler(void) {
    CPACR |= FULL_ACCESS_TO_FPU;
    __asm volatile("dsb\n\tisb");
    const uint32_t *from = data_load;
    for (volatile uint32_t *to = data_start; to < data_end;) {
        *to++ = *from++;
    }
    for (volatile uint32_t *to = bss_start; to < bss_end;) {
        *to++ = 0;
    }
    if (board_open) {
        board_open();
    }
    const int status = main();
    if (board_close) {
        board_close(status);
    }
    for (;;) {
    }
}
