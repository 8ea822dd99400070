/* y = W x with weights of 4 or 8 bits and inputs of 8 bits that are quantised for each token and block.
 *
 * Eight outputs are the eight lanes of a vector: four inputs are spread to all lanes, multiplied with four
 * weights of each output, and summed as integers over a block of 32; then one scale for each output. A
 * token's result is the same whatever is computed beside it: each is summed alone, block after block.
 */
#include "native.h"
#include "vectors.h"

#include <math.h>
#include <stddef.h>

#define BLOCK_BYTES_4 (TILE * 4 + TILE * BLOCK / 2)
#define BLOCK_BYTES_8 (TILE * 2 + TILE * BLOCK)
#define TOKENS_AT_ONCE 32 /* so many tokens' inputs stay in the cache while all weights pass by */

static size_t block_bytes(int kind) { return kind == KIND_4 ? BLOCK_BYTES_4 : BLOCK_BYTES_8; }

void quantise_rows(const float *x, int tokens, int inputs, quantised *to, int threads) {
    int blocks = inputs / BLOCK;
#pragma omp parallel for num_threads(threads) if (threads > 1 && tokens > 8)
    for (int t = 0; t < tokens; t++) {
        for (int b = 0; b < blocks; b++) {
            const float *from = x + (size_t)t * inputs + (size_t)b * BLOCK;
            int8_t *q = to->q + (size_t)t * inputs + (size_t)b * BLOCK;
            float most = 0, sum = 0, odd = 0;
            for (int i = 0; i < BLOCK; i++) {
                most = fmaxf(most, fabsf(from[i]));
                odd += from[i] * 0.0f; /* stays 0, but for what is no number */
            }
            float scale = most / 127.0f, inverse = most > 0 && odd == 0 ? 127.0f / most : 0;
            int whole = 0;
            for (int i = 0; i < BLOCK; i++) {
                float v = odd == 0 ? from[i] * inverse : 0;
                int n = (int)(v + (v < 0 ? -0.5f : 0.5f));
                q[i] = (int8_t)n;
                whole += n;
            }
            sum = scale * (float)whole;
            if (odd != 0) scale = NAN, sum = NAN; /* bytes cannot hold what is no number */
            to->scale[(size_t)t * blocks + b] = scale;
            to->sum[(size_t)t * blocks + b] = sum;
        }
    }
}

#if HAS_AVX2

static inline __m256i spread(const int8_t *four) {
    int32_t bits;
    memcpy(&bits, four, 4);
    return _mm256_set1_epi32(bits);
}

/* Some tokens (a constant, so that the loops unroll) through one tile of eight outputs. */
#define TILE_4(COUNT)                                                                                   \
    static void tile_4_##COUNT(const uint8_t *w, int blocks, const int8_t *q, const float *scale,        \
                               const float *sum, int inputs, __m256 *acc) {                              \
        const __m256i low = _mm256_set1_epi8(15), ones = _mm256_set1_epi16(1);                           \
        for (int m = 0; m < COUNT; m++) acc[m] = _mm256_setzero_ps();                                    \
        for (int b = 0; b < blocks; b++, w += BLOCK_BYTES_4) {                                           \
            __m256 s = load_halves((const uint16_t *)w), least = load_halves((const uint16_t *)w + 8);   \
            __m256i v[8];                                                                                \
            for (int i = 0; i < 4; i++) {                                                                \
                __m256i pair = _mm256_loadu_si256((const __m256i *)(w + 32 + 32 * i));                   \
                v[i] = _mm256_and_si256(pair, low);                                                      \
                v[i + 4] = _mm256_and_si256(_mm256_srli_epi16(pair, 4), low);                            \
            }                                                                                            \
            for (int m = 0; m < COUNT; m++) {                                                            \
                const int8_t *x = q + (size_t)m * inputs + (size_t)b * BLOCK;                            \
                __m256i total = _mm256_maddubs_epi16(v[0], spread(x));                                   \
                for (int i = 1; i < 8; i++)                                                              \
                    total = _mm256_add_epi16(total, _mm256_maddubs_epi16(v[i], spread(x + 4 * i)));      \
                __m256 f = _mm256_cvtepi32_ps(_mm256_madd_epi16(total, ones));                           \
                size_t at = (size_t)m * blocks + b;                                                      \
                acc[m] = _mm256_fmadd_ps(f, _mm256_mul_ps(s, _mm256_set1_ps(scale[at])), acc[m]);        \
                acc[m] = _mm256_fmadd_ps(least, _mm256_set1_ps(sum[at]), acc[m]);                        \
            }                                                                                            \
        }                                                                                                \
    }
#define TILE_8(COUNT)                                                                                   \
    static void tile_8_##COUNT(const uint8_t *w, int blocks, const int8_t *q, const float *scale,        \
                               const float *sum, int inputs, __m256 *acc) {                              \
        const __m256i ones = _mm256_set1_epi16(1);                                                       \
        (void)sum;                                                                                       \
        for (int m = 0; m < COUNT; m++) acc[m] = _mm256_setzero_ps();                                    \
        for (int b = 0; b < blocks; b++, w += BLOCK_BYTES_8) {                                           \
            __m256 s = load_halves((const uint16_t *)w);                                                 \
            __m256i total[COUNT];                                                                        \
            for (int m = 0; m < COUNT; m++) total[m] = _mm256_setzero_si256();                           \
            for (int i = 0; i < 8; i++) {                                                                \
                __m256i v = _mm256_loadu_si256((const __m256i *)(w + 16 + 32 * i));                      \
                __m256i size = _mm256_abs_epi8(v);                                                       \
                for (int m = 0; m < COUNT; m++) {                                                        \
                    __m256i x = spread(q + (size_t)m * inputs + (size_t)b * BLOCK + 4 * i);              \
                    __m256i p = _mm256_maddubs_epi16(size, _mm256_sign_epi8(x, v));                      \
                    total[m] = _mm256_add_epi32(total[m], _mm256_madd_epi16(p, ones));                   \
                }                                                                                        \
            }                                                                                            \
            for (int m = 0; m < COUNT; m++) {                                                            \
                __m256 by = _mm256_mul_ps(s, _mm256_set1_ps(scale[(size_t)m * blocks + b]));             \
                acc[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total[m]), by, acc[m]);                      \
            }                                                                                            \
        }                                                                                                \
    }

TILE_4(1)
TILE_4(4)
TILE_8(1)
TILE_8(4)

static void tile(const matrix *w, const uint8_t *at, const quantised *x, int first, int count,
                 int output, float *y) {
    int blocks = w->inputs / BLOCK;
    __m256 bias = w->bias ? _mm256_loadu_ps(w->bias + output) : _mm256_setzero_ps();
    while (count > 0) {
        int now = count >= 4 ? 4 : 1;
        const int8_t *q = x->q + (size_t)first * w->inputs;
        const float *scale = x->scale + (size_t)first * blocks, *sum = x->sum + (size_t)first * blocks;
        __m256 acc[4];
        if (w->kind == KIND_4) (now == 4 ? tile_4_4 : tile_4_1)(at, blocks, q, scale, sum, w->inputs, acc);
        else (now == 4 ? tile_8_4 : tile_8_1)(at, blocks, q, scale, sum, w->inputs, acc);
        for (int m = 0; m < now; m++)
            _mm256_storeu_ps(y + (size_t)(first + m) * w->outputs + output, _mm256_add_ps(acc[m], bias));
        first += now;
        count -= now;
    }
}

#else

static void tile(const matrix *w, const uint8_t *at, const quantised *x, int first, int count,
                 int output, float *y) {
    int blocks = w->inputs / BLOCK;
    size_t step = block_bytes(w->kind);
    for (int t = first; t < first + count; t++) {
        float acc[TILE] = {0};
        for (int b = 0; b < blocks; b++) {
            const uint8_t *block = at + (size_t)b * step;
            const uint16_t *scale = (const uint16_t *)block;
            const int8_t *q = x->q + (size_t)t * w->inputs + (size_t)b * BLOCK;
            float sx = x->scale[(size_t)t * blocks + b], sum = x->sum[(size_t)t * blocks + b];
            for (int r = 0; r < TILE; r++) {
                int32_t total = 0;
                for (int i = 0; i < BLOCK; i++) {
                    int place = (i / 4 % 4) * 32 + r * 4 + i % 4;
                    int weight = w->kind == KIND_4
                                     ? (i < 16 ? block[32 + place] & 15 : block[32 + place] >> 4)
                                     : ((const int8_t *)block)[16 + i / 4 * 32 + r * 4 + i % 4];
                    total += weight * q[i];
                }
                acc[r] = fmaf((float)total, half_to_float(scale[r]) * sx, acc[r]);
                if (w->kind == KIND_4) acc[r] = fmaf(half_to_float(scale[8 + r]), sum, acc[r]);
            }
        }
        for (int r = 0; r < TILE; r++)
            y[(size_t)t * w->outputs + output + r] = acc[r] + (w->bias ? w->bias[output + r] : 0);
    }
}

#endif

void multiply(const matrix *w, const quantised *x, int tokens, float *y, int threads) {
    size_t tile_bytes = block_bytes(w->kind) * (size_t)(w->inputs / BLOCK);
    int tiles = w->outputs / TILE;
    for (int first = 0; first < tokens; first += TOKENS_AT_ONCE) {
        int count = tokens - first < TOKENS_AT_ONCE ? tokens - first : TOKENS_AT_ONCE;
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
        for (int n = 0; n < tiles; n++)
            tile(w, w->blocks + (size_t)n * tile_bytes, x, first, count, n * TILE, y);
    }
}

void unpack_row(const matrix *w, int row, float *to) {
    int blocks = w->inputs / BLOCK, r = row % TILE;
    size_t bytes = block_bytes(w->kind);
    const uint8_t *at = w->blocks + (size_t)(row / TILE) * bytes * blocks;
    for (int b = 0; b < blocks; b++, at += bytes) {
        const uint16_t *scale = (const uint16_t *)at;
        float s = half_to_float(scale[r]);
        for (int i = 0; i < BLOCK; i++) {
            int place = (i / 4 % 4) * 32 + r * 4 + i % 4;
            if (w->kind == KIND_8) to[b * BLOCK + i] = s * ((const int8_t *)at)[16 + i / 4 * 32 + r * 4 + i % 4];
            else to[b * BLOCK + i] =
                s * (float)(i < 16 ? at[32 + place] & 15 : at[32 + place] >> 4) + half_to_float(scale[8 + r]);
        }
    }
}
