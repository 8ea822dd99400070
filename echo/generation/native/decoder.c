/* One step of a Llama-like decoder in one call: embedding, layers, logits of the rows that want them.
 *
 * Python holds no lock meanwhile. It does not know requests, text or sampling.
 */
#include "native.h"
#include "vectors.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

static void normalise_row(const float *x, const float *weight, int width, float epsilon, float *to) {
    double squares = 0;
    for (int i = 0; i < width; i++) squares += (double)x[i] * x[i];
    float by = 1.0f / sqrtf((float)(squares / width) + epsilon);
    for (int i = 0; i < width; i++) to[i] = x[i] * by * weight[i];
}

typedef struct {
    const model *m;
    const float *x, *weight;
    float *to;
} rows_to_normalise;

static void normalise_some(const void *work, int from, int to) {
    const rows_to_normalise *n = work;
    size_t width = (size_t)n->m->hidden;
    for (int t = from; t < to; t++)
        normalise_row(n->x + t * width, n->weight, n->m->hidden, n->m->epsilon, n->to + t * width);
}

static void normalise(const model *m, const float *x, const float *weight, int tokens, float *to) {
    rows_to_normalise work = {m, x, weight, to};
    share_out(m->threads, tokens, FEW, normalise_some, &work);
}

static void rotate(float *head, const float *cosines, const float *sines, int dim) {
    int half = dim / 2;
    for (int i = 0; i < half; i++) {
        float a = head[i], b = head[half + i];
        head[i] = a * cosines[i] - b * sines[i];
        head[half + i] = b * cosines[i] + a * sines[i];
    }
}

typedef struct {
    const model *m;
    const layer *l;
    const step *s;
    float *qkv;
} rows_to_place;

static void place_some(const void *work, int from, int to) {
    const rows_to_place *p = work;
    const model *m = p->m;
    const layer *l = p->l;
    const step *s = p->s;
    int dim = m->head_dim, turning = m->heads + m->kv_heads, width = (turning + m->kv_heads) * dim;
    for (int t = from; t < to; t++) {
        float *row = p->qkv + (size_t)t * width;
        size_t angle = (size_t)s->positions[t] * (dim / 2);
        for (int h = 0; h < turning; h++) {
            const float *norm = h < m->heads ? l->query_norm : l->key_norm;
            if (norm) normalise_row(row + h * dim, norm, dim, m->epsilon, row + h * dim);
            rotate(row + h * dim, m->cosines + angle, m->sines + angle, dim);
        }
        for (int h = 0; h < m->kv_heads; h++) {
            size_t at = (((size_t)s->slots[t] * m->kv_heads + h) * m->window + s->positions[t]) * dim;
            const float *key = row + (m->heads + h) * dim, *value = row + (turning + h) * dim;
            for (int d = 0; d < dim; d++) {
                l->keys[at + d] = float_to_half(key[d]);
                l->values[at + d] = float_to_half(value[d]);
            }
        }
    }
}

/* Turn queries and keys by their positions, and put keys and values into their slots. */
static void place(const model *m, const layer *l, const step *s, float *qkv) {
    rows_to_place work = {m, l, s, qkv};
    share_out(m->threads, s->tokens, FEW, place_some, &work);
}

typedef struct {
    const low_rank *change;
    const int32_t *tokens;
    const float *x;
    float *y;
    int inputs, outputs;
} rows_to_adapt;

static void adapt_some(const void *work, int from, int to) {
    const rows_to_adapt *w = work;
    const low_rank *change = w->change;
    for (int i = from; i < to; i++) {
        const float *x = w->x + (size_t)w->tokens[i] * w->inputs;
        float *y = w->y + (size_t)w->tokens[i] * w->outputs + change->start;
        for (int r = 0; r < change->rank; r++) {
            float sum = 0;
            for (int k = 0; k < w->inputs; k++) sum += change->a[(size_t)r * w->inputs + k] * x[k];
            const float *b = change->b + (size_t)r * change->outputs;
            for (int o = 0; o < change->outputs; o++) y[o] += b[o] * sum;
        }
    }
}

/* What each adapter changes at one place, for its own tokens alone. */
static void adapt(const model *m, const step *s, int index, const float *x, int inputs, float *y, int outputs) {
    for (int n = 0; n < s->adapter_count; n++) {
        const adapter *one = s->adapters + n;
        for (int p = one->first[index]; p < one->first[index + 1]; p++) {
            rows_to_adapt work = {one->parts + p, one->tokens, x, y, inputs, outputs};
            share_out(m->threads, one->token_count, FEW, adapt_some, &work);
        }
    }
}

typedef struct {
    float *x, *h, *wide, *mixed;
    quantised q;
    void *memory;
} scratch;

static int reserve(const model *m, int tokens, scratch *to) {
    size_t joint = (size_t)(m->heads + 2 * m->kv_heads) * m->head_dim, pair = 2 * (size_t)m->inner;
    size_t widest = joint > pair ? joint : pair, most = m->inner;
    size_t mixed = (size_t)m->heads * m->head_dim;
    if (most < (size_t)m->hidden) most = m->hidden;
    if (most < mixed) most = mixed;
    size_t floats = (size_t)tokens * (2 * (size_t)m->hidden + widest + most + 3 * (most / BLOCK + 1));
    char *memory = malloc(sizeof(float) * floats + (size_t)tokens * most);
    if (memory == NULL) return -1;
    to->memory = memory;
    to->x = (float *)memory;
    to->h = to->x + (size_t)tokens * m->hidden;
    to->wide = to->h + (size_t)tokens * m->hidden;
    to->mixed = to->wide + (size_t)tokens * widest;
    to->q.scale = to->mixed + (size_t)tokens * most;
    to->q.sum = to->q.scale + (size_t)tokens * (most / BLOCK + 1);
    to->q.whole = (int32_t *)(to->q.sum + (size_t)tokens * (most / BLOCK + 1));
    to->q.q = (int8_t *)(to->q.whole + (size_t)tokens * (most / BLOCK + 1));
    return 0;
}

static void linear(const model *m, const step *s, const matrix *w, int index, const float *x, scratch *with,
                   float *y) {
    quantise_rows(x, s->tokens, w->inputs, &with->q, m->threads);
    multiply(w, &with->q, s->tokens, y, m->threads);
    if (s->adapter_count) adapt(m, s, index, x, w->inputs, y, w->outputs);
}

static void add(float *x, const float *y, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] += y[i];
}

typedef struct {
    const float *pair;
    int inner;
    float *to;
} rows_to_gate;

static void gate_some(const void *work, int from, int to) {
    const rows_to_gate *g = work;
    for (int t = from; t < to; t++) {
        const float *a = g->pair + (size_t)t * 2 * g->inner, *b = a + g->inner;
        float *y = g->to + (size_t)t * g->inner;
        for (int i = 0; i < g->inner; i++) y[i] = -a[i];
        exponentials(y, g->inner);
        for (int i = 0; i < g->inner; i++) y[i] = a[i] / (1.0f + y[i]) * b[i];
    }
}

static void gate(const float *pair, int tokens, int inner, int threads, float *to) {
    rows_to_gate work = {pair, inner, to};
    share_out(threads, tokens, FEW, gate_some, &work);
}

static void layer_step(const model *m, const layer *l, const step *s, int number, scratch *with) {
    size_t all = (size_t)s->tokens * m->hidden;
    normalise(m, with->x, l->input_norm, s->tokens, with->h);
    linear(m, s, &l->qkv, number * PLACES + PLACE_QKV, with->h, with, with->wide);
    place(m, l, s, with->wide);
    attend(m, l, s, with->wide, with->mixed);
    linear(m, s, &l->out, number * PLACES + PLACE_OUT, with->mixed, with, with->h);
    add(with->x, with->h, all);
    normalise(m, with->x, l->mlp_norm, s->tokens, with->h);
    linear(m, s, &l->gate_up, number * PLACES + PLACE_GATE_UP, with->h, with, with->wide);
    gate(with->wide, s->tokens, m->inner, m->threads, with->mixed);
    linear(m, s, &l->down, number * PLACES + PLACE_DOWN, with->mixed, with, with->h);
    add(with->x, with->h, all);
}

/* logits [rows][head.outputs]; 0, or -1 when there is no memory. */
int echo_step(const model *m, const step *s, float *logits) {
    scratch with;
    if (reserve(m, s->tokens, &with)) return -1;
    for (int t = 0; t < s->tokens; t++) unpack_row(&m->embedding, s->ids[t], with.x + (size_t)t * m->hidden);
    for (int n = 0; n < m->layer_count; n++) layer_step(m, m->layers + n, s, n, &with);
    for (int r = 0; r < s->rows; r++) {
        const float *from = with.x + (size_t)s->last[r] * m->hidden;
        normalise_row(from, m->final_norm, m->hidden, m->epsilon, with.h + (size_t)r * m->hidden);
    }
    quantise_rows(with.h, s->rows, m->hidden, &with.q, m->threads);
    multiply(&m->head, &with.q, s->rows, logits, m->threads);
    free(with.memory);
    return 0;
}

/* How these files were compiled, so that Python can say it: 0 plain C, 1 AVX2, 2 with VNNI. */
int echo_instructions(void) { return HAS_AVX2 + HAS_VNNI; }
