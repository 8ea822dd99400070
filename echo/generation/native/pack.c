/* Floats into blocks of 4 or 8 bits. Knows no models.
 *
 * 4 bits: of the grids that reach from the least to the largest of 32 weights in 7 to 15 steps, the one with
 * the smallest squared error; weights that come from a grid of their own (a file of 4 bits) are met exactly.
 */
#include "native.h"
#include "vectors.h"

#include <math.h>
#include <stddef.h>

static void grid_of(const float *w, float *scale, float *least) {
    float low = w[0], high = w[0], best = INFINITY;
    for (int i = 1; i < BLOCK; i++) low = fminf(low, w[i]), high = fmaxf(high, w[i]);
    *scale = 0;
    *least = half_to_float(float_to_half(low));
    for (int steps = 15; steps >= 7 && high > low; steps--) {
        float s = half_to_float(float_to_half((high - low) / (float)steps)), error = 0;
        if (s <= 0) continue;
        for (int i = 0; i < BLOCK; i++) {
            float n = fminf(15, fmaxf(0, rintf((w[i] - *least) / s))), d = n * s + *least - w[i];
            error += d * d;
        }
        if (error < best) best = error, *scale = s;
    }
}

static void pack_block_4(const float *const *rows, uint8_t *to) {
    uint16_t *scales = (uint16_t *)to;
    uint8_t *q = to + 32;
    for (int i = 0; i < TILE * BLOCK / 2; i++) q[i] = 0;
    for (int r = 0; r < TILE; r++) {
        float scale, least;
        grid_of(rows[r], &scale, &least);
        scales[r] = float_to_half(scale);
        scales[8 + r] = float_to_half(least);
        for (int i = 0; i < BLOCK; i++) {
            float n = scale > 0 ? fminf(15, fmaxf(0, rintf((rows[r][i] - least) / scale))) : 0;
            q[(i / 4 % 4) * 32 + r * 4 + i % 4] |= (uint8_t)((int)n << (i < 16 ? 0 : 4));
        }
    }
}

static void pack_block_8(const float *const *rows, uint8_t *to) {
    uint16_t *scales = (uint16_t *)to;
    int8_t *q = (int8_t *)to + 16;
    for (int r = 0; r < TILE; r++) {
        float most = 0;
        for (int i = 0; i < BLOCK; i++) most = fmaxf(most, fabsf(rows[r][i]));
        float scale = half_to_float(float_to_half(most / 127.0f));
        if (scale * 127.0f < most * 0.999f) scale = half_to_float((uint16_t)(float_to_half(scale) + 1));
        scales[r] = float_to_half(scale);
        for (int i = 0; i < BLOCK; i++) {
            float n = scale > 0 ? fminf(127, fmaxf(-127, rintf(rows[r][i] / scale))) : 0;
            q[i / 4 * 32 + r * 4 + i % 4] = (int8_t)n;
        }
    }
}

/* w [outputs][inputs] -> blocks; both multiples of TILE and BLOCK. */
void echo_pack(const float *w, int outputs, int inputs, int kind, uint8_t *to) {
    size_t bytes = kind == KIND_4 ? TILE * 4 + TILE * BLOCK / 2 : TILE * 2 + TILE * BLOCK;
    for (int n = 0; n < outputs; n += TILE)
        for (int k = 0; k < inputs; k += BLOCK, to += bytes) {
            const float *rows[TILE];
            for (int r = 0; r < TILE; r++) rows[r] = w + (size_t)(n + r) * inputs + k;
            if (kind == KIND_4) pack_block_4(rows, to);
            else pack_block_8(rows, to);
        }
}
