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

static void butterfly_2(complex_t *z, unsigned m)
{
    const complex_t a = z[0], b = z[m];
    z[0] = add(a, b);
    z[m] = sub(a, b);
}

static void butterfly_4(complex_t *z, unsigned m)
{
    const complex_t sum_even = add(z[0], z[2 * m]), difference_even = sub(z[0], z[2 * m]);
    const complex_t sum_odd = add(z[m], z[3 * m]), difference_odd = sub(z[m], z[3 * m]);
    const complex_t turned = {difference_odd.im, -difference_odd.re};
    z[0] = add(sum_even, sum_odd);
    z[m] = add(difference_even, turned);
    z[2 * m] = sub(sum_even, sum_odd);
    z[3 * m] = sub(difference_even, turned);
}

static void butterfly_5(complex_t *z, unsigned m)
{
    const float cos_1 = 0.309016994f, cos_2 = -0.809016994f; /* of a fifth and two of a turn */
    const float sin_1 = 0.951056516f, sin_2 = 0.587785252f;
    const complex_t z0 = z[0];
    const complex_t sum_1 = add(z[m], z[4 * m]), difference_1 = sub(z[m], z[4 * m]);
    const complex_t sum_2 = add(z[2 * m], z[3 * m]), difference_2 = sub(z[2 * m], z[3 * m]);
    const complex_t a = {z0.re + cos_1 * sum_1.re + cos_2 * sum_2.re,
                         z0.im + cos_1 * sum_1.im + cos_2 * sum_2.im};
    const complex_t b = {z0.re + cos_2 * sum_1.re + cos_1 * sum_2.re,
                         z0.im + cos_2 * sum_1.im + cos_1 * sum_2.im};
    const complex_t c = {sin_1 * difference_1.im + sin_2 * difference_2.im,
                         -sin_1 * difference_1.re - sin_2 * difference_2.re};
    const complex_t d = {sin_2 * difference_1.im - sin_1 * difference_2.im,
                         -sin_2 * difference_1.re + sin_1 * difference_2.re};
    z[0] = add(z0, add(sum_1, sum_2));
    z[m] = add(a, c);
    z[2 * m] = add(b, d);
    z[3 * m] = sub(b, d);
    z[4 * m] = sub(a, c);
}

/* Any other prime factor. */
static void butterfly(complex_t *z, unsigned m, unsigned radix)
{
    complex_t in[PPGKD_LARGEST_RADIX];
    const unsigned turn = PPGKD_FFT / radix;
    for (unsigned i = 0; i < radix; i++)
        in[i] = z[i * m];
    for (unsigned k = 0; k < radix; k++) {
        complex_t sum = in[0];
        for (unsigned i = 1; i < radix; i++)
            sum = add(sum, mul(in[i], twiddle(i * k % radix * turn)));
        z[k * m] = sum;
    }
}

void ppgkd_fft(float *transform)
{
    complex_t *z = (complex_t *)transform;
    unsigned m = 1; /* length of the transforms that are done */
    for (unsigned stage = 0; stage < PPGKD_FFT_STAGES; stage++) {
        const unsigned radix = ppgkd_radix[stage], length = m * radix;
        for (unsigned j = 0; j < m; j++) {
            for (unsigned start = j; start < PPGKD_FFT; start += length) {
                complex_t *at = z + start;
                for (unsigned i = 1; j > 0 && i < radix; i++)
                    at[i * m] = mul(at[i * m], twiddle(i * j * (PPGKD_FFT / length)));
                if (radix == 2)
                    butterfly_2(at, m);
                else if (radix == 4)
                    butterfly_4(at, m);
                else if (radix == 5)
                    butterfly_5(at, m);
                else
                    butterfly(at, m, radix);
            }
        }
        m = length;
    }
}
