/* What `replay.c` wants to know of the machine that it runs on, after main has begun. */

#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

#define TICKS_MASK 0xFFFFFFu /* the counter has 24 bits, and is one less after each tick */
#ifndef PAINTED_BYTES
#define PAINTED_BYTES 32768u
#endif

uint32_t board_ticks(void);     /* the counter */
void board_paint_stack(void);   /* writes a pattern to the stack that is not used yet */
size_t board_stack_bytes(void); /* bytes of it that have been overwritten since */

#endif
