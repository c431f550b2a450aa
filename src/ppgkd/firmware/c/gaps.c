/* Lost samples of a window, and the short gaps that a line bridges.
 *
 * Lost is what is NaN and, in a PPG, what was written in its place: equal values that are isolated
 * from all others. */
#include "stages.h"

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

/* Placeholders leave the range between an extreme and the others empty, by three quarters at
 * least. Extremes of the parts lie there in all but a few windows, which need a closer look. */
static bool may_have_placeholders(const ppgkd_state *state, unsigned channel,
                                  const ppgkd_levels *levels)
{
    const float reach = 0.7f * (levels->high - levels->low);
    bool above_low = false, below_high = false;
    for (unsigned i = 0; i < PPGKD_PARTS; i++) {
        float extreme_of_part[2];
        ppgkd_samples_extremes(state, channel, i, &extreme_of_part[0], &extreme_of_part[1]);
        for (unsigned j = 0; j < 2; j++) {
            const float value = extreme_of_part[j];
            above_low |= value > levels->low && value < levels->low + reach;
            below_high |= value < levels->high && value > levels->high - reach;
        }
    }
    return !(above_low && below_high);
}

static void find_placeholders(const ppgkd_state *state, unsigned channel, ppgkd_levels *levels)
{
    extreme low = {INFINITY, INFINITY, 0}, high = {INFINITY, INFINITY, 0}; /* high: negated */
    unsigned n = 0;
    for (unsigned i = 0; i < PPGKD_PARTS; i++) {
        const ppgkd_part part = ppgkd_samples_part(state, channel, i);
        for (unsigned j = 0; j < part.n; j++) {
            const float sample = ppgkd_part_sample(&part, j);
            if (is_lost(sample))
                continue;
            find_extreme(&low, sample);
            find_extreme(&high, -sample);
            n++;
        }
    }
    if (is_placeholder(&low, levels->high, n - low.count)) {
        levels->low = low.next;
        n -= low.count;
    }
    if (is_placeholder(&high, -levels->low, n - high.count))
        levels->high = -high.next;
}

bool ppgkd_find_levels(const ppgkd_state *state, unsigned channel, ppgkd_levels *levels)
{
    *levels = (ppgkd_levels){INFINITY, -INFINITY};
    for (unsigned i = 0; i < PPGKD_PARTS; i++) {
        float low, high;
        ppgkd_samples_extremes(state, channel, i, &low, &high);
        levels->low = smaller(levels->low, low);
        levels->high = larger(levels->high, high);
    }
    if (levels->low > levels->high)
        return false;
    if (channel < PPGKD_PPG_CHANNELS && may_have_placeholders(state, channel, levels))
        find_placeholders(state, channel, levels);
    return true;
}

/* Whether a gap is short enough to be bridged; long gaps are, as long as they have few samples. */
static bool is_short(unsigned lost, unsigned *in_long_gaps)
{
    if (lost <= PPGKD_ALWAYS_BRIDGED)
        return true;
    *in_long_gaps += lost;
    return lost <= PPGKD_LONGEST_BRIDGED && *in_long_gaps <= PPGKD_MOST_BRIDGED;
}

/* Write `lost` samples from `start` on, on the line between their neighbours. */
static void bridge(float *transform, unsigned start, unsigned lost, float before, float after)
{
    const float step = (after - before) / (float)(lost + 1);
    for (unsigned i = 0; i < lost; i++)
        transform[ppgkd_slot[start + i]] = before + step * (float)(i + 1);
}

bool ppgkd_load_window(const ppgkd_state *state, unsigned channel, const ppgkd_levels *levels,
                       float *transform)
{
    const float low = levels->low, high = levels->high, middle = low + 0.5f * (high - low);
    const float per_range = 1.0f / larger(high - low, PPGKD_TINY);
    unsigned at = 0, written = 0, in_long_gaps = 0;
    float last = 0.0f;
    for (unsigned i = 0; i < PPGKD_PARTS; i++) {
        const ppgkd_part part = ppgkd_samples_part(state, channel, i);
        for (unsigned j = 0; j < part.n; j++, at++) {
            const float sample = ppgkd_part_sample(&part, j);
            if (!(sample >= low && sample <= high))
                continue; /* NaN, or a placeholder */
            const float value = (sample - middle) * per_range;
            if (written < at) {
                if (!is_short(at - written, &in_long_gaps))
                    return false;
                /* at the ends, the nearest sample is repeated */
                bridge(transform, written, at - written, written ? last : value, value);
            }
            transform[ppgkd_slot[at]] = last = value;
            written = at + 1;
        }
    }
    if (written < at && !is_short(at - written, &in_long_gaps))
        return false;
    bridge(transform, written, at - written, last, last);
    return true;
}
