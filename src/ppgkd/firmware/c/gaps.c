/* Lost samples of a window, and the short gaps that a line bridges.
 *
 * Lost is what is NaN and, in a PPG, what was written in its place: equal values that are isolated
 * from all others. */
#include "stages.h"

#include <math.h>

/* Equal samples are placeholders if they are farther from all others than this many times their
 * range; a single one, than LONE_GAP times. */
#define LOST_GAP 3.0f
#define LONE_GAP 10.0f

typedef struct {
    float value, next; /* the extreme, and the one next to it */
    unsigned count;
} extreme;

static void find_extreme(extreme *found, float value)
{
    if (value < found->value) {
        found->next = found->value;
        found->value = value;
        found->count = 1;
    } else if (value == found->value) {
        found->count++;
    } else if (value < found->next) {
        found->next = value;
    }
}

/* Whether the samples at an extreme are none of the signal. `others` reach from the next value to
 * `farthest`. */
static bool is_placeholder(const extreme *found, float farthest, unsigned others)
{
    const float wanted = found->count == 1 ? LONE_GAP : LOST_GAP;
    return farthest > found->next && found->count <= others
           && found->next - found->value > wanted * (farthest - found->next);
}

bool ppgkd_find_levels(const ppgkd_state *state, unsigned channel, ppgkd_levels *levels)
{
    extreme low = {INFINITY, INFINITY, 0}, high = {INFINITY, INFINITY, 0}; /* high: negated */
    unsigned n = 0;
    for (unsigned i = 0; i <= PPGKD_BLOCKS; i++) {
        ppgkd_part part;
        ppgkd_samples_part(state, channel, i, &part);
        for (unsigned j = 0; j < part.n; j++) {
            if (isnan(part.sample[j]))
                continue;
            find_extreme(&low, part.sample[j]);
            find_extreme(&high, -part.sample[j]);
            n++;
        }
    }
    levels->low = low.value;
    levels->high = -high.value;
    levels->placeholder_low = levels->placeholder_high = NAN;
    if (channel < PPGKD_PPG_CHANNELS) {
        if (is_placeholder(&low, levels->high, n - low.count)) {
            levels->placeholder_low = low.value;
            levels->low = low.next;
            n -= low.count;
        }
        if (is_placeholder(&high, -levels->low, n - high.count)) {
            levels->placeholder_high = levels->high;
            levels->high = -high.next;
        }
    }
    return n > 0;
}

/* A window as it is written: the sample that was there last, and how many long gaps had. */
typedef struct {
    float *transform;
    float last;
    unsigned end; /* of what is written */
    unsigned in_long_gaps;
} writer;

static bool bridge(writer *to, unsigned next_at, float next)
{
    const unsigned lost = next_at - to->end;
    if (lost > PPGKD_ALWAYS_BRIDGED) {
        to->in_long_gaps += lost;
        if (lost > PPGKD_LONGEST_BRIDGED || to->in_long_gaps > PPGKD_MOST_BRIDGED)
            return false;
    }
    const float step = (next - to->last) / (float)(lost + 1);
    for (unsigned i = 0; i < lost; i++)
        to->transform[ppgkd_slot[to->end + i]] = to->last + step * (float)(i + 1);
    to->end = next_at;
    return true;
}

bool ppgkd_load_window(const ppgkd_state *state, unsigned channel, const ppgkd_levels *levels,
                       float *transform)
{
    const float middle = levels->low + 0.5f * (levels->high - levels->low);
    const float per_range = 1.0f / fmaxf(levels->high - levels->low, PPGKD_TINY);
    writer to = {transform, NAN, 0, 0};
    unsigned at = 0;
    for (unsigned i = 0; i <= PPGKD_BLOCKS; i++) {
        ppgkd_part part;
        ppgkd_samples_part(state, channel, i, &part);
        for (unsigned j = 0; j < part.n; j++, at++) {
            const float sample = part.sample[j];
            if (isnan(sample) || sample == levels->placeholder_low
                || sample == levels->placeholder_high)
                continue;
            const float value = (sample - middle) * per_range;
            if (to.end < at) {
                if (to.end == 0)
                    to.last = value; /* the nearest sample is repeated at the ends */
                if (!bridge(&to, at, value))
                    return false;
            }
            to.transform[ppgkd_slot[at]] = to.last = value;
            to.end = at + 1;
        }
    }
    return to.end == at || bridge(&to, at, to.last);
}
