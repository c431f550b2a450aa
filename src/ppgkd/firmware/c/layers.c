/* The layers of a network, in float. Tensors are channel by channel. */
#include "stages.h"

#include <math.h>

void ppgkd_clear_first(const ppgkd_first_layer *layer, float *out)
{
    for (unsigned o = 0; o < layer->outputs; o++)
        for (unsigned p = 0; p < layer->positions; p++)
            *out++ = layer->bias[o];
}

/* Spread one input position over all outputs that it reaches, so that the input is never in
 * memory. */
void ppgkd_add_column(const ppgkd_first_layer *layer, unsigned position, const float *column,
                      float *out)
{
    const unsigned inputs = layer->inputs, outputs = layer->outputs;
    for (unsigned tap = 0; tap < layer->taps; tap++) {
        const int from = (int)(position + layer->padding) - (int)(tap * layer->dilation);
        const unsigned p = (unsigned)from / layer->stride;
        if (from < 0 || p * layer->stride != (unsigned)from || p >= layer->positions)
            continue;
        const float *weight = layer->weight + tap * outputs * inputs;
        for (unsigned o = 0; o < outputs; o++) {
            float sum = 0.0f;
            for (unsigned i = 0; i < inputs; i++)
                sum += *weight++ * column[i];
            out[o * layer->positions + p] += sum;
        }
    }
}

void ppgkd_relu(float *values, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        values[i] = fmaxf(values[i], 0.0f);
}

static void finish(const ppgkd_layer *layer, float sum, float *out)
{
    if (layer->adds)
        sum += *out;
    *out = layer->relu && sum < 0.0f ? 0.0f : sum;
}

/* One output, with the taps that are inside. */
static float sum_inside(const ppgkd_layer *layer, const float *in, const float *weight, int start)
{
    float sum = 0.0f;
    for (unsigned i = 0; i < layer->inputs; i++, in += layer->positions_in) {
        int at = start;
        for (unsigned tap = 0; tap < layer->taps; tap++, at += layer->dilation, weight++)
            if (at >= 0 && at < layer->positions_in)
                sum += *weight * in[at];
    }
    return sum;
}

/* Four neighbours, all of whose taps are inside, share the loads of the weights. */
static void sum_four(const ppgkd_layer *layer, const float *in, const float *weight, float *sum)
{
    const unsigned stride = layer->stride;
    float sum_0 = 0.0f, sum_1 = 0.0f, sum_2 = 0.0f, sum_3 = 0.0f;
    for (unsigned i = 0; i < layer->inputs; i++, in += layer->positions_in) {
        const float *at = in;
        for (unsigned tap = 0; tap < layer->taps; tap++, at += layer->dilation) {
            const float w = *weight++;
            sum_0 += w * at[0];
            sum_1 += w * at[stride];
            sum_2 += w * at[2 * stride];
            sum_3 += w * at[3 * stride];
        }
    }
    sum[0] = sum_0;
    sum[1] = sum_1;
    sum[2] = sum_2;
    sum[3] = sum_3;
}

/* `inputs` and weights are those of one output; a group of outputs sees its own inputs. */
void ppgkd_conv(const ppgkd_layer *layer, const float *in, float *out)
{
    const unsigned per_output = layer->inputs * layer->taps;
    const unsigned outputs_per_group = layer->outputs / layer->groups;
    const int reach = (layer->taps - 1) * layer->dilation;
    for (unsigned o = 0; o < layer->outputs; o++, out += layer->positions) {
        const float *weight = layer->weight + o * per_output;
        const float *group = in + o / outputs_per_group * layer->inputs * layer->positions_in;
        for (unsigned p = 0; p < layer->positions;) {
            const int start = (int)(p * layer->stride) - (int)layer->padding;
            const int end = start + 3 * (int)layer->stride + reach;
            if (start >= 0 && end < layer->positions_in && p + 4 <= layer->positions) {
                float sum[4];
                sum_four(layer, group + start, weight, sum);
                for (unsigned i = 0; i < 4; i++, p++)
                    finish(layer, layer->bias[o] + sum[i], &out[p]);
            } else {
                finish(layer, layer->bias[o] + sum_inside(layer, group, weight, start), &out[p]);
                p++;
            }
        }
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

/* The head of a network along frequency: a position gives the neighbouring classes of its bin. */
void ppgkd_by_bin(const ppgkd_layer *layer, const float *in, float *logits)
{
    for (unsigned p = 0; p < layer->positions; p++)
        for (unsigned o = 0; o < layer->outputs; o++)
            *logits++ = layer->bias[o]
                        + sum_inside(layer, in, layer->weight + o * layer->inputs, (int)p);
}
