/* The layers of a network, in eight bits. */
#include "stages.h"
#include "taps.h"

#include <string.h>
#ifdef __ARM_FEATURE_SIMD32
#include <arm_acle.h>
#endif

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

static inline int16_t quantised(float number, ppgkd_steps as)
{
    return (int16_t)to_steps(number / as.scale, as.zero);
}

#if defined(__ARM_FEATURE_SIMD32) && !defined(__ARM_BIG_ENDIAN)
typedef int32_t pair; /* two numbers of 16 bits, which one instruction multiplies and adds */

static inline pair load_inputs(const int16_t *at)
{
    pair both;
    memcpy(&both, at, sizeof both);
    return both;
}

static inline pair paired(int32_t first, int32_t second)
{
    return (int32_t)((uint32_t)second << 16 | (uint16_t)first);
}

static inline void load_weights(const int8_t *weight, pair *even, pair *odd)
{
    int32_t four;
    memcpy(&four, weight, sizeof four);
    *even = __sxtb16(four);
    *odd = __sxtb16(four >> 8);
}

static inline int32_t add(int32_t sum, pair weights, pair inputs)
{
    return __smlad(weights, inputs, sum);
}
#else
typedef struct {
    int32_t first, second;
} pair;

static inline pair load_inputs(const int16_t *at)
{
    return (pair){at[0], at[1]};
}

static inline pair paired(int32_t first, int32_t second)
{
    return (pair){first, second};
}

static inline void load_weights(const int8_t *weight, pair *even, pair *odd)
{
    *even = (pair){weight[0], weight[2]};
    *odd = (pair){weight[1], weight[3]};
}

static inline int32_t add(int32_t sum, pair weights, pair inputs)
{
    return sum + weights.first * inputs.first + weights.second * inputs.second;
}
#endif

void ppgkd_begin_first(int32_t *sums)
{
    for (unsigned o = 0; o < ppgkd_first.outputs; o++)
        for (unsigned p = 0; p < ppgkd_first.positions; p++)
            *sums++ = ppgkd_first.bias[o];
}

#define LOAD(i)                                                                                    \
    const pair input_##i = paired(                                                                 \
        quantised(column[2 * i], layer->column),                                                   \
        2 * i + 1 < PPGKD_INPUTS ? quantised(column[2 * i + 1], layer->column) : 0);
#define TERM(i)                                                                                    \
    load_weights(weight + 4 * i, &even, &odd);                                                     \
    even_sum = add(even_sum, even, input_##i);                                                     \
    odd_sum = add(odd_sum, odd, input_##i);

void ppgkd_add_column(unsigned position, const float *column, int32_t *sums)
{
    const ppgkd_first_layer *layer = &ppgkd_first;
    PPGKD_EACH_INPUT_PAIR(LOAD)
    const unsigned at = position + layer->padding;
    const unsigned last = (unsigned)(layer->positions - 1) * layer->stride;
    const ppgkd_taps reaching = ppgkd_taps_reaching(at, layer->taps, layer->dilation, last);
    for (unsigned tap = reaching.first; tap < reaching.end; tap++) {
        const unsigned from = at - tap * layer->dilation, p = from / layer->stride;
        if (p * layer->stride != from)
            continue;
        const unsigned pairs = (layer->outputs + 1u) / 2, bytes = (PPGKD_INPUTS + 1) / 2 * 4;
        const int8_t *weight = layer->weight + tap * pairs * bytes;
        for (unsigned o = 0; o < layer->outputs; o += 2, weight += bytes) {
            int32_t even_sum = 0, odd_sum = 0;
            pair even, odd;
            PPGKD_EACH_INPUT_PAIR(TERM)
            int32_t *sum = sums + o * layer->positions + p;
            *sum += even_sum;
            if (o + 1 < layer->outputs)
                sum[layer->positions] += odd_sum;
        }
    }
}

/* Where an output's position is in a tensor of steps; the next one is two further. */
static inline unsigned place(unsigned output, unsigned position, unsigned positions)
{
    return (output / 2 * positions + position) * 2 + output % 2;
}

void ppgkd_finish_first(const int32_t *sums, int16_t *out)
{
    const ppgkd_first_layer layer = ppgkd_first;
    for (unsigned o = 0; o < layer.outputs; o++) {
        const float scale = layer.scale[o];
        int16_t *at = out + place(o, 0, layer.positions);
        for (unsigned p = 0; p < layer.positions; p++, at += 2)
            *at = quantised(larger(finish(*sums++, scale, layer.sum, 0.0f), 0.0f), layer.out);
    }
}

/* Sums of a pair of outputs, each at one position. */
static inline void sum_one(const ppgkd_layer *layer, const int16_t *in, const int8_t *weight,
                           int start, ppgkd_taps inside, int32_t sum[2][4])
{
    int32_t even_0 = 0, odd_0 = 0;
    for (unsigned i = 0; i < layer->pairs; i++) {
        const int16_t *at = in + 2 * (start + (int)(inside.first * layer->dilation));
        const int8_t *w = weight + 4 * inside.first, *end = weight + 4 * inside.end;
        for (; w < end; w += 4, at += 2 * layer->dilation) {
            pair even, odd;
            load_weights(w, &even, &odd);
            const pair x = load_inputs(at);
            even_0 = add(even_0, even, x);
            odd_0 = add(odd_0, odd, x);
        }
        in += 2 * layer->positions_in;
        weight += 4 * layer->taps;
    }
    sum[0][0] = even_0;
    sum[1][0] = odd_0;
}

/* Four neighbours with the same taps share the loads of the weights. */
static inline void sum_four(const ppgkd_layer *layer, const int16_t *in, const int8_t *weight,
                            int start, ppgkd_taps inside, unsigned stride, int32_t sum[2][4])
{
    const unsigned dilation = layer->dilation;
    int32_t even_0 = 0, even_1 = 0, even_2 = 0, even_3 = 0;
    int32_t odd_0 = 0, odd_1 = 0, odd_2 = 0, odd_3 = 0;
    for (unsigned i = 0; i < layer->pairs; i++) {
        const int16_t *at = in + 2 * (start + (int)(inside.first * dilation));
        const int8_t *w = weight + 4 * inside.first, *end = weight + 4 * inside.end;
        for (; w < end; w += 4, at += 2 * dilation) {
            pair even, odd, x;
            load_weights(w, &even, &odd);
            x = load_inputs(at);
            even_0 = add(even_0, even, x);
            odd_0 = add(odd_0, odd, x);
            x = load_inputs(at + 2 * stride);
            even_1 = add(even_1, even, x);
            odd_1 = add(odd_1, odd, x);
            x = load_inputs(at + 4 * stride);
            even_2 = add(even_2, even, x);
            odd_2 = add(odd_2, odd, x);
            x = load_inputs(at + 6 * stride);
            even_3 = add(even_3, even, x);
            odd_3 = add(odd_3, odd, x);
        }
        in += 2 * layer->positions_in;
        weight += 4 * layer->taps;
    }
    sum[0][0] = even_0, sum[0][1] = even_1, sum[0][2] = even_2, sum[0][3] = even_3;
    sum[1][0] = odd_0, sum[1][1] = odd_1, sum[1][2] = odd_2, sum[1][3] = odd_3;
}

static ppgkd_taps find_inside(const ppgkd_layer *layer, int start)
{
    return ppgkd_taps_inside(start, layer->taps, layer->dilation, layer->positions_in);
}

/* Sums of one output as numbers: rounded, with what is around the block, and after the activation.
 * They are stored as steps, or as they are. */
static inline void finish_sums(const int32_t *sum, unsigned n, const ppgkd_layer *layer,
                               unsigned o, unsigned p, const int16_t *path, int16_t *steps,
                               float *numbers)
{
    /* for the compiler, stores might change what is not a local variable */
    const ppgkd_steps in = layer->sum, out = layer->out;
    const int32_t bias = layer->bias[o];
    const float scale = layer->scale[o], path_scale = layer->path.scale;
    const float least = layer->relu ? 0.0f : -INFINITY;
    const unsigned at = place(o, p, layer->positions);
    for (unsigned i = 0; i < n; i++) {
        const float added = path ? (float)path[at + 2 * i] * path_scale : 0.0f;
        const float number = larger(finish(bias + sum[i], scale, in, added), least);
        if (steps)
            steps[at + 2 * i] = quantised(number, out);
        else
            numbers[o * layer->positions + p + i] = number;
    }
}

/* The numbers that a layer makes: as steps, or as they are. */
static void convolve(const ppgkd_layer *layer, const int16_t *in, const int16_t *path,
                     int16_t *steps, float *numbers)
{
    unsigned n;
    for (unsigned p = 0; p < layer->positions; p += n) {
        const int start = (int)(p * layer->stride) - (int)layer->padding;
        const ppgkd_taps inside = find_inside(layer, start);
        n = ppgkd_together(inside, find_inside(layer, start + 3 * (int)layer->stride),
                           layer->positions - p);
        const int16_t *seen = in;
        const int8_t *weight = layer->weight;
        for (unsigned o = 0; o < layer->outputs; o += 2) {
            int32_t sum[2][4];
            if (n == 1)
                sum_one(layer, seen, weight, start, inside, sum);
            else if (layer->stride == 1) /* for the compiler, a constant is faster */
                sum_four(layer, seen, weight, start, inside, 1, sum);
            else
                sum_four(layer, seen, weight, start, inside, layer->stride, sum);
            for (unsigned half = 0; half < 2 && o + half < layer->outputs; half++)
                finish_sums(sum[half], n, layer, o + half, p, path, steps, numbers);
            seen += 2 * layer->skip * layer->positions_in;
            weight += 4 * layer->pairs * layer->taps;
        }
    }
}

void ppgkd_conv(const ppgkd_layer *layer, const int16_t *in, const int16_t *path, int16_t *out)
{
    convolve(layer, in, path, out, NULL);
}

void ppgkd_conv_to_float(const ppgkd_layer *layer, const int16_t *in, const int16_t *path,
                         float *out)
{
    convolve(layer, in, path, NULL, out);
}

void ppgkd_by_bin(const ppgkd_layer *layer, const int16_t *in, float *logits)
{
    const ppgkd_taps one = {0, 1};
    for (unsigned p = 0; p < layer->positions; p++) {
        const int8_t *weight = layer->weight;
        for (unsigned o = 0; o < layer->outputs; o += 2, weight += 4 * layer->pairs) {
            int32_t sum[2][4];
            sum_one(layer, in, weight, (int)p, one, sum);
            for (unsigned half = 0; half < 2 && o + half < layer->outputs; half++)
                *logits++ = finish(layer->bias[o + half] + sum[half][0], layer->scale[o + half],
                                   layer->sum, 0.0f);
        }
    }
}

void ppgkd_mean(const float *in, unsigned channels, unsigned positions, ppgkd_steps steps,
                int16_t *out)
{
    for (unsigned c = 0; c < channels; c++) {
        float sum = 0.0f;
        for (unsigned p = 0; p < positions; p++)
            sum += *in++;
        out[c] = quantised(sum / (float)positions, steps);
    }
}
