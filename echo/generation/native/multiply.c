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
#define WORTH_SHARING 65536 /* products: some two microseconds */
#define TOKENS_AT_ONCE 32 /* so many tokens' inputs stay in the cache while all weights pass by */

static size_t block_bytes(int kind) { return kind == KIND_4 ? BLOCK_BYTES_4 : BLOCK_BYTES_8; }

#if HAS_AVX2

/* 32 floats as bytes; returns their sum. Rounded half away from zero, as the plain way does. */
static int32_t as_bytes(const float *from, float inverse, int8_t *q) {
    const __m256 signs = _mm256_set1_ps(-0.0f), half = _mm256_set1_ps(0.5f), by = _mm256_set1_ps(inverse);
    __m256i n[4];
    for (int i = 0; i < 4; i++) {
        __m256 v = _mm256_mul_ps(_mm256_loadu_ps(from + 8 * i), by);
        n[i] = _mm256_cvttps_epi32(_mm256_add_ps(v, _mm256_or_ps(_mm256_and_ps(v, signs), half)));
    }
    __m256i sum = _mm256_add_epi32(_mm256_add_epi32(n[0], n[1]), _mm256_add_epi32(n[2], n[3]));
    __m256i pairs = _mm256_packs_epi16(_mm256_packs_epi32(n[0], n[1]), _mm256_packs_epi32(n[2], n[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7); /* packing works in halves */
    _mm256_storeu_si256((__m256i *)q, _mm256_permutevar8x32_epi32(pairs, order));
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1)));
}

/* The largest size of 32 floats; NaN where one of them is no number. */
static float largest(const float *from) {
    const __m256 sizes = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    __m256 most = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
    for (int i = 0; i < BLOCK; i += 8) {
        __m256 v = _mm256_loadu_ps(from + i);
        most = _mm256_max_ps(most, _mm256_and_ps(v, sizes));
        odd = _mm256_or_ps(odd, _mm256_cmp_ps(_mm256_sub_ps(v, v), _mm256_setzero_ps(), _CMP_UNORD_Q));
    }
    if (_mm256_movemask_ps(odd)) return NAN;
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}

#else

static int32_t as_bytes(const float *from, float inverse, int8_t *q) {
    int32_t whole = 0;
    for (int i = 0; i < BLOCK; i++) {
        float v = from[i] * inverse;
        q[i] = (int8_t)(int)(v + (v < 0 ? -0.5f : 0.5f));
        whole += q[i];
    }
    return whole;
}

static float largest(const float *from) {
    float most = 0;
    for (int i = 0; i < BLOCK; i++) {
        if (!(fabsf(from[i]) < INFINITY)) return NAN;
        most = fmaxf(most, fabsf(from[i]));
    }
    return most;
}

#endif

static void quantise_row(const float *x, int blocks, int8_t *q, float *scale, float *sum, int32_t *whole) {
    for (int b = 0; b < blocks; b++, x += BLOCK, q += BLOCK) {
        float most = largest(x), inverse = 127.0f / most;
        scale[b] = most / 127.0f; /* bytes cannot hold what is no number: then scale and sum are none */
        whole[b] = 0;
        if (inverse < INFINITY) whole[b] = as_bytes(x, inverse, q);
        else memset(q, 0, BLOCK); /* nothing but zeros, or as good as */
        sum[b] = scale[b] * (float)whole[b];
    }
}

typedef struct {
    const float *x;
    int blocks;
    const quantised *to;
} rows_to_quantise;

static void quantise_some(const void *work, int from, int to) {
    const rows_to_quantise *w = work;
    for (int t = from; t < to; t++) {
        size_t at = (size_t)t * w->blocks;
        quantise_row(w->x + at * BLOCK, w->blocks, w->to->q + at * BLOCK, w->to->scale + at, w->to->sum + at,
                     w->to->whole + at);
    }
}

void quantise_rows(const float *x, int tokens, int inputs, quantised *to, int threads) {
    rows_to_quantise work = {x, inputs / BLOCK, to};
    share_out(threads, tokens, FEW, quantise_some, &work);
}

#if HAS_AVX2

static inline __m256i spread(const int8_t *four) {
    int32_t bits;
    memcpy(&bits, four, 4);
    return _mm256_set1_epi32(bits);
}

#if HAS_VNNI

/* Four products and their sum in one instruction, if one of each pair of bytes has no sign: nibbles have
 * none, and signed weights are raised by 128; 128 times the sum of the inputs is taken off before. */
#define WIDEST 3 /* 1 << 3 tokens at once */
static inline __m256i dot_4(__m256i total, __m256i w, __m256i x) { return _mm256_dpbusd_epi32(total, w, x); }
static inline __m256i end_4(__m256i total) { return total; }
static inline __m256i begin_8(int32_t whole) { return _mm256_set1_epi32(-128 * whole); }
static inline __m256i raised(__m256i w) { return _mm256_xor_si256(w, _mm256_set1_epi8(-128)); }
static inline __m256i dot_8(__m256i total, __m256i w, __m256i x) { return _mm256_dpbusd_epi32(total, w, x); }

#else

#define WIDEST 2 /* there are half as many registers */
static inline __m256i dot_4(__m256i total, __m256i w, __m256i x) { /* sixteen sums of 16 bits are enough */
    return _mm256_add_epi16(total, _mm256_maddubs_epi16(w, x));
}
static inline __m256i end_4(__m256i total) { return _mm256_madd_epi16(total, _mm256_set1_epi16(1)); }
static inline __m256i begin_8(int32_t whole) { (void)whole; return _mm256_setzero_si256(); }
static inline __m256i raised(__m256i w) { return w; }
static inline __m256i dot_8(__m256i total, __m256i w, __m256i x) {
    __m256i p = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
    return _mm256_add_epi32(total, _mm256_madd_epi16(p, _mm256_set1_epi16(1)));
}

#endif

/* Some tokens (a constant, so that the loops unroll) through one tile of eight outputs. */
#define TILE_4(COUNT)                                                                                   \
    static void tile_4_##COUNT(const uint8_t *w, int blocks, const quantised *x, __m256 *acc) {          \
        const __m256i low = _mm256_set1_epi8(15);                                                        \
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
                size_t at = (size_t)m * blocks + b;                                                      \
                __m256i total = _mm256_setzero_si256();                                                  \
                for (int i = 0; i < 8; i++) total = dot_4(total, v[i], spread(x->q + at * BLOCK + 4 * i)); \
                __m256 by = _mm256_mul_ps(s, _mm256_set1_ps(x->scale[at]));                              \
                acc[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(end_4(total)), by, acc[m]);                  \
                acc[m] = _mm256_fmadd_ps(least, _mm256_set1_ps(x->sum[at]), acc[m]);                     \
            }                                                                                            \
        }                                                                                                \
    }
#define TILE_8(COUNT)                                                                                   \
    static void tile_8_##COUNT(const uint8_t *w, int blocks, const quantised *x, __m256 *acc) {          \
        for (int m = 0; m < COUNT; m++) acc[m] = _mm256_setzero_ps();                                    \
        for (int b = 0; b < blocks; b++, w += BLOCK_BYTES_8) {                                           \
            __m256 s = load_halves((const uint16_t *)w);                                                 \
            __m256i total[COUNT];                                                                        \
            for (int m = 0; m < COUNT; m++) total[m] = begin_8(x->whole[(size_t)m * blocks + b]);        \
            for (int i = 0; i < 8; i++) {                                                                \
                __m256i v = raised(_mm256_loadu_si256((const __m256i *)(w + 16 + 32 * i)));              \
                for (int m = 0; m < COUNT; m++)                                                          \
                    total[m] = dot_8(total[m], v, spread(x->q + ((size_t)m * blocks + b) * BLOCK + 4 * i)); \
            }                                                                                            \
            for (int m = 0; m < COUNT; m++) {                                                            \
                __m256 by = _mm256_mul_ps(s, _mm256_set1_ps(x->scale[(size_t)m * blocks + b]));          \
                acc[m] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(total[m]), by, acc[m]);                      \
            }                                                                                            \
        }                                                                                                \
    }
#define TILES(COUNT) TILE_4(COUNT) TILE_8(COUNT)

TILES(1)
TILES(2)
TILES(4)
TILES(8)

typedef void (*some_tokens)(const uint8_t *w, int blocks, const quantised *x, __m256 *acc);
static const some_tokens WAYS_4[] = {tile_4_1, tile_4_2, tile_4_4, tile_4_8};
static const some_tokens WAYS_8[] = {tile_8_1, tile_8_2, tile_8_4, tile_8_8};

static void tile(const matrix *w, const uint8_t *at, const quantised *x, int first, int count,
                 int output, float *y) {
    int blocks = w->inputs / BLOCK;
    const some_tokens *ways = w->kind == KIND_4 ? WAYS_4 : WAYS_8;
    __m256 bias = w->bias ? _mm256_loadu_ps(w->bias + output) : _mm256_setzero_ps(), acc[8];
    for (int now; count > 0; first += now, count -= now) {
        int way = WIDEST;
        while (1 << way > count) way--;
        size_t from = (size_t)first * blocks;
        quantised own = {x->q + from * BLOCK, x->scale + from, x->sum + from, x->whole + from};
        now = 1 << way;
        ways[way](at, blocks, &own, acc);
        for (int m = 0; m < now; m++)
            _mm256_storeu_ps(y + (size_t)(first + m) * w->outputs + output, _mm256_add_ps(acc[m], bias));
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

typedef struct {
    const matrix *w;
    const quantised *x;
    int first, count; /* tokens */
    float *y;
} product;

static void multiply_some(const void *work, int from, int to) {
    const product *p = work;
    size_t tile_bytes = block_bytes(p->w->kind) * (size_t)(p->w->inputs / BLOCK);
    for (int n = from; n < to; n++)
        tile(p->w, p->w->blocks + (size_t)n * tile_bytes, p->x, p->first, p->count, n * TILE, p->y);
}

void multiply(const matrix *w, const quantised *x, int tokens, float *y, int threads) {
    for (int first = 0; first < tokens; first += TOKENS_AT_ONCE) {
        int count = tokens - first < TOKENS_AT_ONCE ? tokens - first : TOKENS_AT_ONCE;
        product work = {w, x, first, count, y};
        share_out(threads, w->outputs / TILE, 1 + WORTH_SHARING / (TILE * w->inputs * count), multiply_some, &work);
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
