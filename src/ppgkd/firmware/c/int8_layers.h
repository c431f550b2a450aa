/* The layers of a network, in eight bits. Tensors are channel by channel. Not for the user.
 *
 * Activations are unsigned, weights signed with a scale for each output, sums have 32 bits. Each
 * rounding is one of the ONNX file. */
#ifndef PPGKD_LAYERS_H
#define PPGKD_LAYERS_H

#include "ppgkd.h"

typedef int32_t ppgkd_sum;

/* A number is scale * (step - zero), step from 0 to 255. */
typedef struct {
    float scale;
    int16_t zero;
} ppgkd_steps;

/* The layer that takes what the network sees: a convolution, or a perceptron's layer as one of a
 * single position. Weights are by tap, output and input. */
typedef struct {
    const int8_t *weight;
    const int32_t *bias;
    const float *scale; /* steps of `sum` for one of each output's sum */
    uint16_t outputs, taps, stride, dilation, padding, positions;
    ppgkd_steps column, sum, out;
} ppgkd_first_layer;

/* A convolution along positions. Weights are by output, input and tap; `inputs` are those of one
 * output. */
typedef struct {
    const int8_t *weight;
    const int32_t *bias;
    const float *scale;
    uint16_t inputs, outputs, groups, taps, stride, dilation, padding, positions_in, positions;
    ppgkd_steps in, sum, path, out;
    bool relu;
} ppgkd_layer;

extern const ppgkd_first_layer ppgkd_first;

/* The first layer spreads each column over all sums that it reaches, so that what the network sees
 * is never in memory as a whole. */
void ppgkd_begin_first(int32_t *sums);
void ppgkd_add_column(unsigned position, const float *column, int32_t *sums);
void ppgkd_finish_first(const int32_t *sums, uint8_t *out);

/* `path` is what is added, around a block; it may be `out`. NULL for none. */
void ppgkd_conv(const ppgkd_layer *layer, const uint8_t *in, const uint8_t *path, uint8_t *out);
void ppgkd_conv_to_float(const ppgkd_layer *layer, const uint8_t *in, const uint8_t *path,
                         float *out);
/* The head of a network along frequency: a position gives the neighbouring classes of its bin. */
void ppgkd_by_bin(const ppgkd_layer *layer, const uint8_t *in, float *logits);
void ppgkd_mean(const float *in, unsigned channels, unsigned positions, ppgkd_steps steps,
                uint8_t *out);

#endif
