/* The layers of a network, in float. Tensors are channel by channel. Not for the user. */
#ifndef PPGKD_LAYERS_H
#define PPGKD_LAYERS_H

#include "ppgkd.h"

typedef float ppgkd_sum;

/* The layer that takes what the network sees: a convolution, or a perceptron's layer as one of a
 * single position. Weights are by tap, output and input. */
typedef struct {
    const float *weight, *bias;
    uint16_t outputs, taps, stride, dilation, padding, positions;
} ppgkd_first_layer;

/* A convolution along positions. Weights are by output, input and tap; `inputs` are those of one
 * output. */
typedef struct {
    const float *weight, *bias;
    uint16_t inputs, outputs, groups, taps, stride, dilation, padding, positions_in, positions;
    bool relu;
} ppgkd_layer;

extern const ppgkd_first_layer ppgkd_first;

/* The first layer spreads each column over all sums that it reaches, so that what the network sees
 * is never in memory as a whole. */
void ppgkd_begin_first(float *sums);
void ppgkd_add_column(unsigned position, const float *column, float *sums);
void ppgkd_finish_first(float *sums);

/* `path` is what is added, around a block; it may be `out`. NULL for none. */
void ppgkd_conv(const ppgkd_layer *layer, const float *in, const float *path, float *out);
/* The head of a network along frequency: a position gives the neighbouring classes of its bin. */
void ppgkd_by_bin(const ppgkd_layer *layer, const float *in, float *logits);
void ppgkd_mean(const float *in, unsigned channels, unsigned positions, float *out);

#endif
