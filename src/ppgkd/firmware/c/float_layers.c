/* The layers of a network, in float. */
#include "stages.h"
#include "taps.h"

#include <math.h>

void ppgkd_begin_first(float *sums)
{
    for (unsigned o = 0; o < ppgkd_first.outputs; o++)
        for (unsigned p = 0; p < ppgkd_first.positions; p++)
            *sums++ = ppgkd_first.bias[o];
}

#define LOAD(i) const float input_##i = column[i]; /* in a register, if there are few */
#define TERM(i) +weight[i] * input_##i

void ppgkd_add_column(unsigned position, const float *column, float *sums)
{
    const ppgkd_first_layer *layer = &ppgkd_first;
    PPGKD_EACH_INPUT(LOAD)
    const unsigned at = position + layer->padding;
    const unsigned last = (unsigned)(layer->positions - 1) * layer->stride;
    const ppgkd_taps reaching = ppgkd_taps_reaching(at, layer->taps, layer->dilation, last);
    for (unsigned tap = reaching.first; tap < reaching.end; tap++) {
        const unsigned from = at - tap * layer->dilation, p = from / layer->stride;
        if (p * layer->stride != from)
            continue;
        const float *weight = layer->weight + tap * layer->outputs * PPGKD_INPUTS;
        for (unsigned o = 0; o < layer->outputs; o++, weight += PPGKD_INPUTS)
            sums[o * layer->positions + p] += PPGKD_EACH_INPUT(TERM);
    }
}

void ppgkd_finish_first(float *sums)
{
    for (unsigned i = 0; i < (unsigned)(ppgkd_first.outputs * ppgkd_first.positions); i++)
        sums[i] = larger(sums[i], 0.0f);
}

static float sum_one(const ppgkd_layer *layer, const float *in, const float *weight, int start,
                     ppgkd_taps inside)
{
    float sum = 0.0f;
    for (unsigned i = 0; i < layer->inputs; i++) {
        const float *at = in + start + (int)(inside.first * layer->dilation);
        for (unsigned tap = inside.first; tap < inside.end; tap++, at += layer->dilation)
            sum += weight[tap] * *at;
        in += layer->positions_in;
        weight += layer->taps;
    }
    return sum;
}

/* Four neighbours with the same taps share the loads of the weights. */
static inline void sum_four(const ppgkd_layer *layer, const float *in, const float *weight,
                            int start, ppgkd_taps inside, unsigned stride, float *sum)
{
    const unsigned dilation = layer->dilation;
    float sum_0 = 0.0f, sum_1 = 0.0f, sum_2 = 0.0f, sum_3 = 0.0f;
    for (unsigned i = 0; i < layer->inputs; i++) {
        const float *at = in + start + (int)(inside.first * dilation);
        for (unsigned tap = inside.first; tap < inside.end; tap++, at += dilation) {
            const float w = weight[tap];
            sum_0 += w * at[0];
            sum_1 += w * at[stride];
            sum_2 += w * at[2 * stride];
            sum_3 += w * at[3 * stride];
        }
        in += layer->positions_in;
        weight += layer->taps;
    }
    sum[0] = sum_0;
    sum[1] = sum_1;
    sum[2] = sum_2;
    sum[3] = sum_3;
}

static ppgkd_taps find_inside(const ppgkd_layer *layer, int start)
{
    return ppgkd_taps_inside(start, layer->taps, layer->dilation, layer->positions_in);
}

void ppgkd_conv(const ppgkd_layer *layer, const float *in, const float *path, float *out)
{
    const unsigned outputs_per_group = layer->outputs / layer->groups;
    const float least = layer->relu ? 0.0f : -INFINITY;
    unsigned n;
    for (unsigned p = 0; p < layer->positions; p += n) {
        const int start = (int)(p * layer->stride) - (int)layer->padding;
        const ppgkd_taps inside = find_inside(layer, start);
        n = ppgkd_together(inside, find_inside(layer, start + 3 * (int)layer->stride),
                           layer->positions - p);
        for (unsigned o = 0; o < layer->outputs; o++) {
            const float *weight = layer->weight + o * layer->inputs * layer->taps;
            const float *group = in + o / outputs_per_group * layer->inputs * layer->positions_in;
            const unsigned at = o * layer->positions + p;
            float sum[4];
            if (n == 1)
                sum[0] = sum_one(layer, group, weight, start, inside);
            else if (layer->stride == 1) /* for the compiler, a constant is faster */
                sum_four(layer, group, weight, start, inside, 1, sum);
            else
                sum_four(layer, group, weight, start, inside, layer->stride, sum);
            for (unsigned i = 0; i < n; i++) {
                const float whole = layer->bias[o] + sum[i] + (path ? path[at + i] : 0.0f);
                out[at + i] = larger(whole, least);
            }
        }
    }
}

void ppgkd_by_bin(const ppgkd_layer *layer, const float *in, float *logits)
{
    const ppgkd_taps one = {0, 1};
    for (unsigned p = 0; p < layer->positions; p++)
        for (unsigned o = 0; o < layer->outputs; o++) {
            const float *weight = layer->weight + o * layer->inputs;
            *logits++ = layer->bias[o] + sum_one(layer, in, weight, (int)p, one);
        }
}

void ppgkd_mean(const float *in, unsigned channels, unsigned positions, float *out)
{
    for (unsigned c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (unsigned p = 0; p < positions; p++)
            sum += *in++;
        out[c] = sum / (float)positions;
    }
}
