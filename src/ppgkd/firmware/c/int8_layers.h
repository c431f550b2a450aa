/* The layers of a network, in eight bits. Not for the user.
 *
 * Activations are steps of 0 to 255, kept as their distance from the zero in 16 bits. Channels go
 * in pairs: a tensor has a pair's positions one after the other, each with both channels, which the
 * processor multiplies and adds at once. Weights are signed, with a scale for each output, sums
 * have 32 bits. Each rounding is one of the ONNX file. */
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
 * single position. Weights are by tap, pair of outputs and pair of inputs, as below. */
typedef struct {
    const int8_t *weight;
    const int32_t *bias;
    const float *scale; /* steps of `sum` for one of each output's sum */
    uint16_t outputs, taps, stride, dilation, padding, positions;
    ppgkd_steps column, sum, out;
} ppgkd_first_layer;

/* A convolution along positions. Weights are by pair of outputs, pair of inputs and tap, four each:
 * of the first input for both outputs, and of the second; what has no partner has one of zeros.
 * `pairs` of inputs are seen by a pair of outputs; the next one's begin `skip` further on. */
typedef struct {
    const int8_t *weight;
    const int32_t *bias;
    const float *scale;
    uint16_t pairs, outputs, skip, taps, stride, dilation, padding, positions_in, positions;
    ppgkd_steps sum, path, out;
    bool relu;
} ppgkd_layer;

extern const ppgkd_first_layer ppgkd_first;

/* The first layer spreads each column over all sums that it reaches, so that what the network sees
 * is never in memory as a whole. */
void ppgkd_begin_first(int32_t *sums);
void ppgkd_add_column(unsigned position, const float *column, int32_t *sums);
void ppgkd_finish_first(const int32_t *sums, int16_t *out);

/* `path` is what is added, around a block; it may be `out`. NULL for none. */
void ppgkd_conv(const ppgkd_layer *layer, const int16_t *in, const int16_t *path, int16_t *out);
void ppgkd_conv_to_float(const ppgkd_layer *layer, const int16_t *in, const int16_t *path,
                         float *out);
/* The head of a network along frequency: a position gives the neighbouring classes of its bin. */
void ppgkd_by_bin(const ppgkd_layer *layer, const int16_t *in, float *logits);
void ppgkd_mean(const float *in, unsigned channels, unsigned positions, ppgkd_steps steps,
                int16_t *out);

#endif
