/* Attention of each token over the keys and values of its slot, which are kept as float16.
 *
 * The heads that share a key/value head are computed together: each key is converted once for all of them.
 */
#include "native.h"
#include "vectors.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#define MOST_GROUP 16 /* heads that share a key/value head */
#define MOST_DIM 256

#define AT_ONCE 8 /* positions: as many as a vector has lanes */

#if HAS_AVX2

/* Up to eight rows of float16 as floats; what is missing is zero. */
static void load_rows(const uint16_t *from, int dim, int count, float *to) {
    for (int i = 0; i < count * dim; i += 8) _mm256_storeu_ps(to + i, load_halves(from + i));
    for (int i = count * dim; i < AT_ONCE * dim; i += 8) _mm256_storeu_ps(to + i, _mm256_setzero_ps());
}

/* The sums of eight vectors' lanes, one beside the other. */
static __m256 sums(const __m256 *v) {
    __m256 a = _mm256_hadd_ps(_mm256_hadd_ps(v[0], v[1]), _mm256_hadd_ps(v[2], v[3]));
    __m256 b = _mm256_hadd_ps(_mm256_hadd_ps(v[4], v[5]), _mm256_hadd_ps(v[6], v[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
}

static void score(const float *q, int group, int dim, const uint16_t *keys, int length, float by, float *to,
                  int stride) {
    float key[AT_ONCE * MOST_DIM];
    for (int p = 0; p < length; p += AT_ONCE) {
        load_rows(keys + (size_t)p * dim, dim, length - p < AT_ONCE ? length - p : AT_ONCE, key);
        for (int g = 0; g < group; g++) {
            __m256 sum[AT_ONCE];
            for (int j = 0; j < AT_ONCE; j++) sum[j] = _mm256_setzero_ps();
            for (int d = 0; d < dim; d += 8) {
                __m256 own = _mm256_loadu_ps(q + g * dim + d);
                for (int j = 0; j < AT_ONCE; j++)
                    sum[j] = _mm256_fmadd_ps(own, _mm256_loadu_ps(key + j * dim + d), sum[j]);
            }
            _mm256_storeu_ps(to + (size_t)g * stride + p, _mm256_mul_ps(_mm256_set1_ps(by), sums(sum)));
        }
    }
}

static void mix(const float *weights, int group, int dim, const uint16_t *values, int length, int stride,
                float *to) {
    float value[AT_ONCE * MOST_DIM];
    for (int i = 0; i < group * dim; i++) to[i] = 0;
    for (int p = 0; p < length; p += AT_ONCE) {
        int count = length - p < AT_ONCE ? length - p : AT_ONCE;
        load_rows(values + (size_t)p * dim, dim, count, value);
        for (int g = 0; g < group; g++) {
            const float *w = weights + (size_t)g * stride + p;
            for (int d = 0; d < dim; d += 8) {
                __m256 sum = _mm256_loadu_ps(to + g * dim + d);
                for (int j = 0; j < count; j++)
                    sum = _mm256_fmadd_ps(_mm256_set1_ps(w[j]), _mm256_loadu_ps(value + j * dim + d), sum);
                _mm256_storeu_ps(to + g * dim + d, sum);
            }
        }
    }
}

#else

static void score(const float *q, int group, int dim, const uint16_t *keys, int length, float by, float *to,
                  int stride) {
    for (int p = 0; p < length; p++, keys += dim)
        for (int g = 0; g < group; g++) {
            float sum = 0;
            for (int d = 0; d < dim; d++) sum += q[g * dim + d] * half_to_float(keys[d]);
            to[(size_t)g * stride + p] = by * sum;
        }
}

static void mix(const float *weights, int group, int dim, const uint16_t *values, int length, int stride,
                float *to) {
    for (int i = 0; i < group * dim; i++) to[i] = 0;
    for (int p = 0; p < length; p++, values += dim)
        for (int g = 0; g < group; g++)
            for (int d = 0; d < dim; d++)
                to[g * dim + d] += weights[(size_t)g * stride + p] * half_to_float(values[d]);
}

#endif

/* e^x, eight at a time: 2^n times a polynomial (the coefficients are those of Cephes' expf). */
void exponentials(float *x, int count) {
    int i = 0;
#if HAS_AVX2
    const __m256 high = _mm256_set1_ps(88.3762626647949f), low = _mm256_set1_ps(-87.3365478515625f);
    for (; i + 8 <= count; i += 8) {
        __m256 given = _mm256_loadu_ps(x + i);
        __m256 v = _mm256_max_ps(_mm256_min_ps(given, high), low);
        __m256 n = _mm256_round_ps(_mm256_mul_ps(v, _mm256_set1_ps(1.44269504088896341f)), 8);
        v = _mm256_fnmadd_ps(n, _mm256_set1_ps(0.693359375f), v);
        v = _mm256_fnmadd_ps(n, _mm256_set1_ps(-2.12194440e-4f), v);
        __m256 p = _mm256_set1_ps(1.9875691500e-4f);
        p = _mm256_fmadd_ps(p, v, _mm256_set1_ps(1.3981999507e-3f));
        p = _mm256_fmadd_ps(p, v, _mm256_set1_ps(8.3334519073e-3f));
        p = _mm256_fmadd_ps(p, v, _mm256_set1_ps(4.1665795894e-2f));
        p = _mm256_fmadd_ps(p, v, _mm256_set1_ps(1.6666665459e-1f));
        p = _mm256_fmadd_ps(p, v, _mm256_set1_ps(5.0000001201e-1f));
        p = _mm256_fmadd_ps(p, _mm256_mul_ps(v, v), _mm256_add_ps(v, _mm256_set1_ps(1.0f)));
        __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
        __m256 result = _mm256_mul_ps(p, _mm256_castsi256_ps(power));
        __m256 odd = _mm256_cmp_ps(given, given, _CMP_UNORD_Q); /* what is no number stays none */
        _mm256_storeu_ps(x + i, _mm256_blendv_ps(result, given, odd));
    }
#endif
    for (; i < count; i++) x[i] = expf(x[i]);
}

static void soften(float *scores, int length) {
    float most = -INFINITY, sum = 0;
    for (int p = 0; p < length; p++) most = fmaxf(most, scores[p]);
    for (int p = 0; p < length; p++) scores[p] -= most;
    exponentials(scores, length);
    for (int p = 0; p < length; p++) sum += scores[p];
    for (int p = 0; p < length; p++) scores[p] /= sum;
}

typedef struct {
    const model *m;
    const layer *l;
    const step *s;
    const float *qkv;
    float *to;
} attention;

/* The heads that share a key/value head, of one token. */
static void attend_group(const attention *a, int t, int h) {
    const model *m = a->m;
    int dim = m->head_dim, group = m->heads / m->kv_heads, width = (m->heads + 2 * m->kv_heads) * dim;
    int length = a->s->positions[t] + 1, stride = (length + AT_ONCE - 1) / AT_ONCE * AT_ONCE;
    size_t at = ((size_t)a->s->slots[t] * m->kv_heads + h) * m->window * dim;
    float *scores = malloc(sizeof(float) * (size_t)group * stride);
    const float *q = a->qkv + (size_t)t * width + (size_t)h * group * dim;
    float *mixed = a->to + (size_t)t * m->heads * dim + (size_t)h * group * dim;
    if (scores == NULL) { /* the row is seen to be no number, and fails alone */
        for (int i = 0; i < group * dim; i++) mixed[i] = NAN;
        return;
    }
    score(q, group, dim, a->l->keys + at, length, 1.0f / sqrtf((float)dim), scores, stride);
    for (int g = 0; g < group; g++) soften(scores + (size_t)g * stride, length);
    mix(scores, group, dim, a->l->values + at, length, stride, mixed);
    free(scores);
}

static void attend_some(const void *work, int from, int to) {
    const attention *a = work;
    for (int n = from; n < to; n++) attend_group(a, n / a->m->kv_heads, n % a->m->kv_heads);
}

void attend(const model *m, const layer *l, const step *s, const float *qkv, float *to) {
    attention work = {m, l, s, qkv, to};
    share_out(m->threads, s->tokens * m->kv_heads, 1, attend_some, &work);
}
