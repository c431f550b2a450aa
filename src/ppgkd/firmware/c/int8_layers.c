/* The layers of a network, in eight bits. */
#include "stages.h"

/* To the nearest integer, halves to even, of a number within a few thousand: adding 1.5 * 2^23
 * leaves no bits for a fraction. */
static int32_t nearest(float value)
{
    const float shift = 12582912.0f;
    return (int32_t)((value + shift) - shift);
}

static uint8_t to_step(float steps, ppgkd_steps as)
{
    const float least = (float)-as.zero, most = (float)(255 - as.zero);
    return (uint8_t)(nearest(smaller(larger(steps, least), most)) + as.zero);
}

static float from_step(uint8_t step, ppgkd_steps as)
{
    return (float)(step - as.zero) * as.scale;
}

/* A sum as a number: rounded, with what is around the block, and after the activation. */
static float finish(int32_t sum, float scale, ppgkd_steps as, float path, bool relu)
{
    const float value = from_step(to_step((float)sum * scale, as), as) + path;
    return relu ? larger(value, 0.0f) : value;
}

void ppgkd_begin_first(int32_t *sums)
{
    for (unsigned o = 0; o < ppgkd_first.outputs; o++)
        for (unsigned p = 0; p < ppgkd_first.positions; p++)
            *sums++ = ppgkd_first.bias[o];
}

void ppgkd_add_column(unsigned position, const float *column, int32_t *sums)
{
    const ppgkd_first_layer *layer = &ppgkd_first;
    int32_t input[PPGKD_INPUTS];
    for (unsigned i = 0; i < PPGKD_INPUTS; i++)
        input[i] = to_step(column[i] / layer->column.scale, layer->column) - layer->column.zero;
    for (unsigned tap = 0; tap < layer->taps; tap++) {
        const int from = (int)(position + layer->padding) - (int)(tap * layer->dilation);
        const unsigned p = (unsigned)from / layer->stride;
        if (from < 0 || p * layer->stride != (unsigned)from || p >= layer->positions)
            continue;
        const int8_t *weight = layer->weight + tap * layer->outputs * PPGKD_INPUTS;
        for (unsigned o = 0; o < layer->outputs; o++) {
            int32_t sum = 0;
            for (unsigned i = 0; i < PPGKD_INPUTS; i++)
                sum += *weight++ * input[i];
            sums[o * layer->positions + p] += sum;
        }
    }
}

void ppgkd_finish_first(const int32_t *sums, uint8_t *out)
{
    const ppgkd_first_layer *layer = &ppgkd_first;
    for (unsigned o = 0; o < layer->outputs; o++)
        for (unsigned p = 0; p < layer->positions; p++) {
            const float value = finish(*sums++, layer->scale[o], layer->sum, 0.0f, true);
            *out++ = to_step(value / layer->out.scale, layer->out);
        }
}

/* Sum of an output over the taps that are inside. Outside, an input is its zero. */
static int32_t sum_inside(const ppgkd_layer *layer, const uint8_t *in, unsigned o, unsigned p)
{
    const unsigned group = o / (layer->outputs / layer->groups);
    const int8_t *weight = layer->weight + o * layer->inputs * layer->taps;
    const int start = (int)(p * layer->stride) - (int)layer->padding;
    int32_t sum = layer->bias[o];
    in += group * layer->inputs * layer->positions_in;
    for (unsigned i = 0; i < layer->inputs; i++, in += layer->positions_in) {
        int at = start;
        for (unsigned tap = 0; tap < layer->taps; tap++, at += layer->dilation, weight++)
            if (at >= 0 && at < layer->positions_in)
                sum += *weight * (in[at] - layer->in.zero);
    }
    return sum;
}

static float output(const ppgkd_layer *layer, const uint8_t *in, const uint8_t *path, unsigned o,
                    unsigned p)
{
    const int32_t sum = sum_inside(layer, in, o, p);
    const float added = path ? from_step(path[o * layer->positions + p], layer->path) : 0.0f;
    return finish(sum, layer->scale[o], layer->sum, added, layer->relu);
}

void ppgkd_conv(const ppgkd_layer *layer, const uint8_t *in, const uint8_t *path, uint8_t *out)
{
    for (unsigned o = 0; o < layer->outputs; o++)
        for (unsigned p = 0; p < layer->positions; p++)
            out[o * layer->positions + p]
                = to_step(output(layer, in, path, o, p) / layer->out.scale, layer->out);
}

void ppgkd_conv_to_float(const ppgkd_layer *layer, const uint8_t *in, const uint8_t *path,
                         float *out)
{
    for (unsigned o = 0; o < layer->outputs; o++)
        for (unsigned p = 0; p < layer->positions; p++)
            out[o * layer->positions + p] = output(layer, in, path, o, p);
}

void ppgkd_by_bin(const ppgkd_layer *layer, const uint8_t *in, float *logits)
{
    for (unsigned p = 0; p < layer->positions; p++)
        for (unsigned o = 0; o < layer->outputs; o++)
            *logits++ = output(layer, in, NULL, o, p);
}

void ppgkd_mean(const float *in, unsigned channels, unsigned positions, ppgkd_steps steps,
                uint8_t *out)
{
    for (unsigned c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (unsigned p = 0; p < positions; p++)
            sum += *in++;
        out[c] = to_step(sum / (float)positions / steps.scale, steps);
    }
}
