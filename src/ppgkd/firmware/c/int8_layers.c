/* The layers of a network, in eight bits. */
#include "stages.h"
#include "taps.h"

/* To the nearest whole number; halves go to even. Beyond 512 it may be any number beyond 512: no step
 * is there. */
static inline int32_t nearest(float number)
{
#if defined(__GNUC__) && defined(__ARM_FP)
    int32_t whole; /* one instruction, which the compiler does not know without -ffast-math */
    __asm__("vcvtr.s32.f32 %0, %1" : "=t"(whole) : "t"(number));
    return whole;
#else
    const float shift = 12582912.0f; /* 1.5 * 2^23 leaves no bits for a fraction */
    return (int32_t)(smaller(larger(number, -512.0f), 512.0f) + shift - shift);
#endif
}

/* The nearest step that there is, counted from the zero. */
static inline int32_t to_steps(float number, int32_t zero)
{
    int32_t step = nearest(number) + zero;
    step = step < 0 ? 0 : step;
    return (step > 255 ? 255 : step) - zero;
}

/* A sum as a number: rounded, and with what is around the block. */
static inline float finish(int32_t sum, float scale, ppgkd_steps as, float path)
{
    return (float)to_steps((float)sum * scale, as.zero) * as.scale + path;
}

static inline uint8_t to_step(float number, ppgkd_steps as)
{
    return (uint8_t)(to_steps(number / as.scale, as.zero) + as.zero);
}

void ppgkd_begin_first(int32_t *sums)
{
    for (unsigned o = 0; o < ppgkd_first.outputs; o++)
        for (unsigned p = 0; p < ppgkd_first.positions; p++)
            *sums++ = ppgkd_first.bias[o];
}

#define LOAD(i)                                                                                    \
    const int32_t input_##i = to_steps(column[i] / layer->column.scale, layer->column.zero);
#define TERM(i) +weight[i] * input_##i

void ppgkd_add_column(unsigned position, const float *column, int32_t *sums)
{
    const ppgkd_first_layer *layer = &ppgkd_first;
    PPGKD_EACH_INPUT(LOAD)
    for (unsigned tap = 0; tap < layer->taps; tap++) {
        const int from = (int)(position + layer->padding) - (int)(tap * layer->dilation);
        const unsigned p = (unsigned)from / layer->stride;
        if (from < 0 || p * layer->stride != (unsigned)from || p >= layer->positions)
            continue;
        const int8_t *weight = layer->weight + tap * layer->outputs * PPGKD_INPUTS;
        for (unsigned o = 0; o < layer->outputs; o++, weight += PPGKD_INPUTS)
            sums[o * layer->positions + p] += PPGKD_EACH_INPUT(TERM);
    }
}

void ppgkd_finish_first(const int32_t *sums, uint8_t *out)
{
    const ppgkd_first_layer layer = ppgkd_first;
    for (unsigned o = 0; o < layer.outputs; o++) {
        const float scale = layer.scale[o];
        for (unsigned p = 0; p < layer.positions; p++)
            *out++ = to_step(larger(finish(*sums++, scale, layer.sum, 0.0f), 0.0f), layer.out);
    }
}

static int32_t sum_one(const ppgkd_layer *layer, const uint8_t *in, const int8_t *weight,
                       int start, ppgkd_taps inside)
{
    int32_t sum = 0;
    for (unsigned i = 0; i < layer->inputs; i++) {
        const uint8_t *at = in + start + (int)(inside.first * layer->dilation);
        for (unsigned tap = inside.first; tap < inside.end; tap++, at += layer->dilation)
            sum += weight[tap] * (*at - layer->in.zero);
        in += layer->positions_in;
        weight += layer->taps;
    }
    return sum;
}

/* Four neighbours with the same taps share the loads of the weights, and the part of the zero. */
static inline void sum_four(const ppgkd_layer *layer, const uint8_t *in, const int8_t *weight,
                            int start, ppgkd_taps inside, unsigned stride, int32_t *sum)
{
    const unsigned dilation = layer->dilation;
    int32_t sum_0 = 0, sum_1 = 0, sum_2 = 0, sum_3 = 0, weights = 0;
    for (unsigned i = 0; i < layer->inputs; i++) {
        const uint8_t *at = in + start + (int)(inside.first * dilation);
        for (unsigned tap = inside.first; tap < inside.end; tap++, at += dilation) {
            const int32_t w = weight[tap];
            weights += w;
            sum_0 += w * at[0];
            sum_1 += w * at[stride];
            sum_2 += w * at[2 * stride];
            sum_3 += w * at[3 * stride];
        }
        in += layer->positions_in;
        weight += layer->taps;
    }
    sum[0] = sum_0 - weights * layer->in.zero;
    sum[1] = sum_1 - weights * layer->in.zero;
    sum[2] = sum_2 - weights * layer->in.zero;
    sum[3] = sum_3 - weights * layer->in.zero;
}

static ppgkd_taps find_inside(const ppgkd_layer *layer, int start)
{
    return ppgkd_taps_inside(start, layer->taps, layer->dilation, layer->positions_in);
}

/* Sums as numbers: rounded, with what is around the block, and after the activation. They are
 * stored as steps, or as they are. */
static inline void finish_sums(const int32_t *sum, unsigned n, const ppgkd_layer *layer,
                               unsigned o, unsigned at, const uint8_t *path, uint8_t *steps,
                               float *numbers)
{
    /* stores of bytes might change what is not a local variable */
    const ppgkd_steps in = layer->sum, around = layer->path, out = layer->out;
    const int32_t bias = layer->bias[o];
    const float scale = layer->scale[o];
    const float least = layer->relu ? 0.0f : -INFINITY;
    for (unsigned i = 0; i < n; i++) {
        const float added = path ? (float)(path[at + i] - around.zero) * around.scale : 0.0f;
        const float number = larger(finish(bias + sum[i], scale, in, added), least);
        if (steps)
            steps[at + i] = to_step(number, out);
        else
            numbers[at + i] = number;
    }
}

/* The numbers that a layer makes: as steps, or as they are. */
static void convolve(const ppgkd_layer *layer, const uint8_t *in, const uint8_t *path,
                     uint8_t *steps, float *numbers)
{
    const unsigned outputs_per_group = layer->outputs / layer->groups;
    unsigned n;
    for (unsigned p = 0; p < layer->positions; p += n) {
        const int start = (int)(p * layer->stride) - (int)layer->padding;
        const ppgkd_taps inside = find_inside(layer, start);
        n = ppgkd_together(inside, find_inside(layer, start + 3 * (int)layer->stride),
                           layer->positions - p);
        for (unsigned o = 0; o < layer->outputs; o++) {
            const int8_t *weight = layer->weight + o * layer->inputs * layer->taps;
            const uint8_t *group = in + o / outputs_per_group * layer->inputs * layer->positions_in;
            const unsigned at = o * layer->positions + p;
            int32_t sum[4];
            if (n == 1)
                sum[0] = sum_one(layer, group, weight, start, inside);
            else if (layer->stride == 1) /* for the compiler, a constant is faster */
                sum_four(layer, group, weight, start, inside, 1, sum);
            else
                sum_four(layer, group, weight, start, inside, layer->stride, sum);
            finish_sums(sum, n, layer, o, at, path, steps, numbers);
        }
    }
}

void ppgkd_conv(const ppgkd_layer *layer, const uint8_t *in, const uint8_t *path, uint8_t *out)
{
    convolve(layer, in, path, out, NULL);
}

void ppgkd_conv_to_float(const ppgkd_layer *layer, const uint8_t *in, const uint8_t *path,
                         float *out)
{
    convolve(layer, in, path, NULL, out);
}

void ppgkd_by_bin(const ppgkd_layer *layer, const uint8_t *in, float *logits)
{
    const ppgkd_taps one = {0, 1};
    for (unsigned p = 0; p < layer->positions; p++)
        for (unsigned o = 0; o < layer->outputs; o++) {
            const int8_t *weight = layer->weight + o * layer->inputs;
            const int32_t sum = layer->bias[o] + sum_one(layer, in, weight, (int)p, one);
            *logits++ = finish(sum, layer->scale[o], layer->sum, 0.0f);
        }
}

void ppgkd_mean(const float *in, unsigned channels, unsigned positions, ppgkd_steps steps,
                uint8_t *out)
{
    for (unsigned c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (unsigned p = 0; p < positions; p++)
            sum += *in++;
        out[c] = to_step(sum / (float)positions, steps);
    }
}
