/* The taps of a convolution that are inside its input. Not for the user. */
#ifndef PPGKD_TAPS_H
#define PPGKD_TAPS_H

typedef struct {
    unsigned first, end;
} ppgkd_taps;

/* `start` is the position of the first tap, before the input's first if negative. */
static inline ppgkd_taps ppgkd_taps_inside(int start, int taps, int dilation, int positions)
{
    int first = 0, end = taps;
    if (start < 0)
        first = (-start + dilation - 1) / dilation;
    if (start + (taps - 1) * dilation >= positions)
        end = (positions - 1 - start) / dilation + 1;
    return (ppgkd_taps){(unsigned)first, (unsigned)end};
}

/* The taps with which a column of the input reaches an output, perhaps between two of a stride. `at`
 * is its position with the padding before it, `last` that of the last output's first tap. */
static inline ppgkd_taps ppgkd_taps_reaching(unsigned at, unsigned taps, unsigned dilation,
                                             unsigned last)
{
    const unsigned first = at > last ? (at - last + dilation - 1) / dilation : 0;
    const unsigned end = at / dilation + 1;
    return (ppgkd_taps){first, end < taps ? end : taps};
}

/* Neighbouring outputs are computed together, four at a time, if they have the same taps: 4 or 1. */
static inline unsigned ppgkd_together(ppgkd_taps first, ppgkd_taps fourth, unsigned left)
{
    return left >= 4 && first.first == fourth.first && first.end == fourth.end ? 4 : 1;
}

#endif
