/* Complex Fourier transform of any length, in place.
 *
 * Decimation in time: `ppgkd_slot` has put the samples where the first stage wants them. */
#include "stages.h"

typedef struct {
    float re, im;
} complex_t;

static complex_t add(complex_t a, complex_t b)
{
    return (complex_t){a.re + b.re, a.im + b.im};
}

static complex_t sub(complex_t a, complex_t b)
{
    return (complex_t){a.re - b.re, a.im - b.im};
}

static complex_t mul(complex_t a, complex_t b)
{
    return (complex_t){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static complex_t twiddle(unsigned turn)
{
    return (complex_t){ppgkd_twiddle[2 * turn], ppgkd_twiddle[2 * turn + 1]};
}

/* Butterflies: `turn` has the twiddles of z[m], z[2 m], ... */

static void butterfly_2(complex_t *z, unsigned m, const complex_t *turn)
{
    const complex_t a = z[0], b = mul(z[m], turn[0]);
    z[0] = add(a, b);
    z[m] = sub(a, b);
}

static void butterfly_4(complex_t *z, unsigned m, const complex_t *turn)
{
    const complex_t z1 = mul(z[m], turn[0]), z2 = mul(z[2 * m], turn[1]);
    const complex_t z3 = mul(z[3 * m], turn[2]);
    const complex_t sum_even = add(z[0], z2), difference_even = sub(z[0], z2);
    const complex_t sum_odd = add(z1, z3), difference_odd = sub(z1, z3);
    const complex_t turned = {difference_odd.im, -difference_odd.re};
    z[0] = add(sum_even, sum_odd);
    z[m] = add(difference_even, turned);
    z[2 * m] = sub(sum_even, sum_odd);
    z[3 * m] = sub(difference_even, turned);
}

static void butterfly_5(complex_t *z, unsigned m, const complex_t *turn)
{
    const float cos_1 = 0.309016994f, cos_2 = -0.809016994f; /* of a fifth and two of a turn */
    const float sin_1 = 0.951056516f, sin_2 = 0.587785252f;
    const complex_t z1 = mul(z[m], turn[0]), z2 = mul(z[2 * m], turn[1]);
    const complex_t z3 = mul(z[3 * m], turn[2]), z4 = mul(z[4 * m], turn[3]);
    const complex_t sum_1 = add(z1, z4), difference_1 = sub(z1, z4);
    const complex_t sum_2 = add(z2, z3), difference_2 = sub(z2, z3);
    const complex_t a = {z[0].re + cos_1 * sum_1.re + cos_2 * sum_2.re,
                         z[0].im + cos_1 * sum_1.im + cos_2 * sum_2.im};
    const complex_t b = {z[0].re + cos_2 * sum_1.re + cos_1 * sum_2.re,
                         z[0].im + cos_2 * sum_1.im + cos_1 * sum_2.im};
    const complex_t c = {sin_1 * difference_1.im + sin_2 * difference_2.im,
                         -sin_1 * difference_1.re - sin_2 * difference_2.re};
    const complex_t d = {sin_2 * difference_1.im - sin_1 * difference_2.im,
                         -sin_2 * difference_1.re + sin_1 * difference_2.re};
    z[0] = add(z[0], add(sum_1, sum_2));
    z[m] = add(a, c);
    z[2 * m] = add(b, d);
    z[3 * m] = sub(b, d);
    z[4 * m] = sub(a, c);
}

/* Any other prime factor. */
static void butterfly(complex_t *z, unsigned m, const complex_t *turn, unsigned radix)
{
    complex_t in[PPGKD_LARGEST_RADIX];
    in[0] = z[0];
    for (unsigned i = 1; i < radix; i++)
        in[i] = mul(z[i * m], turn[i - 1]);
    for (unsigned k = 0; k < radix; k++) {
        complex_t sum = in[0];
        for (unsigned i = 1; i < radix; i++)
            sum = add(sum, mul(in[i], twiddle(i * k % radix * (PPGKD_FFT / radix))));
        z[k * m] = sum;
    }
}

/* Butterflies at the same place of each transform that a stage makes: they share their twiddles. */
static void stage(complex_t *z, unsigned m, unsigned radix, unsigned place)
{
    const unsigned length = m * radix;
    complex_t turn[PPGKD_LARGEST_RADIX];
    for (unsigned i = 1; i < radix; i++)
        turn[i - 1] = twiddle(i * place * (PPGKD_FFT / length));
    for (complex_t *at = z + place; at < z + PPGKD_FFT; at += length) {
        if (radix == 2)
            butterfly_2(at, m, turn);
        else if (radix == 4)
            butterfly_4(at, m, turn);
        else if (radix == 5)
            butterfly_5(at, m, turn);
        else
            butterfly(at, m, turn, radix);
    }
}

void ppgkd_fft(float *transform)
{
    unsigned m = 1; /* length of the transforms that are done */
    for (unsigned i = 0; i < PPGKD_FFT_STAGES; i++) {
        for (unsigned place = 0; place < m; place++)
            stage((complex_t *)transform, m, ppgkd_radix[i], place);
        m *= ppgkd_radix[i];
    }
}
