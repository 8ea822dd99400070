/* The few vector operations that the kernels are made of: AVX2 with FMA and F16C, with VNNI where it is, or plain C. */
#ifndef ECHO_VECTORS_H
#define ECHO_VECTORS_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#define HAS_AVX2 1
#include <immintrin.h>
#else
#define HAS_AVX2 0
#endif

#if HAS_AVX2 && defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define HAS_VNNI 1
#else
#define HAS_VNNI 0
#endif

#if HAS_AVX2

static inline float half_to_float(uint16_t h) { return _cvtsh_ss(h); }
static inline uint16_t float_to_half(float f) { return _cvtss_sh(f, 0); }

/* Eight float16 as floats. */
static inline __m256 load_halves(const uint16_t *at) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at));
}

#else

static inline float half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = (h >> 10) & 31, fraction = h & 1023, bits;
    float f;
    if (exponent == 31) bits = sign | 0x7f800000 | fraction << 13;
    else if (exponent) bits = sign | (exponent + 112) << 23 | fraction << 13;
    else {
        f = (float)fraction * 5.9604644775390625e-8f; /* 2^-24 */
        memcpy(&bits, &f, 4);
        bits |= sign;
    }
    memcpy(&f, &bits, 4);
    return f;
}

static inline uint16_t float_to_half(float f) {
    uint32_t bits;
    memcpy(&bits, &f, 4);
    uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    int32_t exponent = (int32_t)(bits >> 23 & 255) - 112;
    uint32_t fraction = bits & 0x7fffff;
    if (exponent >= 31) return sign | 0x7c00 | ((bits & 0x7fffffff) > 0x7f800000 ? 0x200 : 0);
    if (exponent <= 0) {
        if (exponent < -10) return sign;
        fraction |= 0x800000;
        uint32_t shift = (uint32_t)(14 - exponent), half = 1u << (shift - 1);
        uint32_t rounded = fraction + half - 1 + (fraction >> shift & 1);
        return sign | (uint16_t)(rounded >> shift);
    }
    uint32_t rounded = (uint32_t)exponent << 10 | fraction >> 13;
    uint32_t rest = fraction & 0x1fff;
    if (rest > 0x1000 || (rest == 0x1000 && (rounded & 1))) rounded++;
    return sign | (uint16_t)rounded;
}

#endif
#endif
