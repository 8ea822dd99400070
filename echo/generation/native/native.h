/* The shapes that Python and C share, and what each file offers to the others. Knows no requests. */
#ifndef ECHO_NATIVE_H
#define ECHO_NATIVE_H

#include <stdint.h>

#define BLOCK 32 /* inputs that share a scale */
#define FEW 8    /* so many tokens of light work are not worth another thread */
#define TILE 8   /* outputs whose weights lie together: one lane of a vector each */

enum { KIND_4 = 4, KIND_8 = 8 };

/* A linear layer's weights in blocks of TILE outputs x BLOCK inputs, tile by tile, block by block.
 * KIND_4: scale[8], least[8] as float16, then 128 bytes of nibbles: w = scale * q + least
 * KIND_8: scale[8] as float16, then 256 signed bytes:               w = scale * q           */
typedef struct {
    const uint8_t *blocks;
    const float *bias; /* [outputs], or NULL */
    int32_t kind;
    int32_t outputs; /* a multiple of TILE */
    int32_t inputs;  /* a multiple of BLOCK */
} matrix;

typedef struct {
    matrix qkv, out, gate_up, down;
    const float *input_norm;             /* [hidden] */
    const float *mlp_norm;               /* [hidden] */
    const float *query_norm, *key_norm;  /* [head_dim], or NULL */
    uint16_t *keys, *values;             /* [slots][kv_heads][window][head_dim], float16 */
} layer;

typedef struct {
    const layer *layers;
    matrix embedding, head;
    const float *final_norm; /* [hidden] */
    const float *cosines, *sines; /* [window][head_dim / 2] */
    int32_t layer_count, hidden, heads, kv_heads, head_dim, inner, window;
    float epsilon;
    int32_t threads;
} model;

/* A change of low rank of one joint matrix: y[start ...] += b (a x); b is scaled already. */
typedef struct {
    const float *a; /* [rank][inputs] */
    const float *b; /* [rank][outputs] */
    int32_t rank, inputs, start, outputs;
} low_rank;

/* One adapter in a step: which tokens it changes, and its parts by layer and place (4 a layer). */
typedef struct {
    const int32_t *tokens;
    const low_rank *parts;
    const int32_t *first; /* [layers * 4 + 1]: parts[first[i] ... first[i + 1]] belong to place i */
    int32_t token_count;
} adapter;

/* Tokens of one step, in one line; those of one slot in the order of their positions. */
typedef struct {
    const int32_t *ids, *positions, *slots; /* [tokens] */
    const int32_t *last;                    /* [rows]: whose logits are wanted */
    const adapter *adapters;
    int32_t tokens, rows, adapter_count;
} step;

/* Inputs of a matrix as signed bytes, with a scale for each BLOCK of each token. */
typedef struct {
    int8_t *q;    /* [tokens][inputs] */
    float *scale; /* [tokens][inputs / BLOCK] */
    float *sum;   /* [tokens][inputs / BLOCK]: the sum of the inputs of the block */
    int32_t *whole; /* [tokens][inputs / BLOCK]: the sum of its bytes */
} quantised;

/* How the next token of a row is chosen; what is chosen is noted in its tables. */
typedef struct {
    float *factors; /* [vocabulary]: `repetition` where a token has been seen, else 1; or NULL */
    float *counts;  /* [vocabulary]: how often the row has written each token; or NULL */
    float repetition, frequency, presence;
    float temperature; /* 0: the likeliest token */
    float top_p, min_p;
    float draw;    /* evenly from [0, 1) */
    int32_t top_k; /* 0: all */
} row_sampling;

enum { PLACE_QKV, PLACE_OUT, PLACE_GATE_UP, PLACE_DOWN, PLACES };

/* Some of the items of a piece of work: from `from` up to `to`. */
typedef void (*part)(const void *work, int from, int to);

/* Do all items of a piece of work, by several threads where each gets `least` of them. */
void share_out(int threads, int items, int least, part each, const void *work);

void quantise_rows(const float *x, int tokens, int inputs, quantised *to, int threads);
void multiply(const matrix *w, const quantised *x, int tokens, float *y, int threads);
void unpack_row(const matrix *w, int row, float *to);
void attend(const model *m, const layer *l, const step *s, const float *qkv, float *to);
void exponentials(float *x, int count);

#endif
