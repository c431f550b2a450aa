/* This machine, which has neither a counter of instructions nor a stack that can be looked at. */

#include "board.h"

uint32_t board_ticks(void) { return 0; }
void board_paint_stack(void) {}
size_t board_stack_bytes(void) { return 0; }
