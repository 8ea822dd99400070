/* The next token of each row from its logits: penalties, temperature, top-k, top-p, min-p, one draw.
 *
 * The rules are those of torch_sampling.py, which does the same with torch. A row is computed by itself: it depends on nothing
 * that is drawn beside it. Most of a vocabulary is only looked through for the largest of each NEIGHBOURS tokens.
 */
#include "native.h"

#include <math.h>
#include <stdlib.h>

#define NEIGHBOURS 64
#define LANES 8
#define COLD 1e-6f   /* a temperature at which nothing but the likeliest is drawn, and below which floats end */
#define NEVER 1e-30f /* less likely than this, beside the likeliest: never drawn */

typedef struct {
    float value;
    int32_t token;
} candidate;

/* What one thread needs for a row. */
typedef struct {
    float *scores;         /* [vocabulary]: what penalties make of the logits, then how likely each token is */
    float *most;           /* [vocabulary / NEIGHBOURS]: the largest of each block */
    float *sums;           /* [vocabulary / NEIGHBOURS]: what the likelihoods of each block add up to */
    float *sorted;         /* [vocabulary]: values while a bound is looked for */
    candidate *candidates; /* [vocabulary], in the order of their tokens */
} desk;

typedef struct {
    const float *logits;
    int stride, vocabulary, blocks;
    const row_sampling *how;
    int32_t *tokens;
} sampling;

static int least_of(int a, int b) { return a < b ? a : b; }
static int end_of(const sampling *s, int block) { return least_of((block + 1) * NEIGHBOURS, s->vocabulary); }

/* A row's logits with its penalties; they stay where they are where there is none. */
static const float *lowered(const sampling *s, int row, float *to) {
    const float *from = s->logits + (size_t)row * s->stride;
    const row_sampling *c = s->how + row;
    int n = s->vocabulary;
    if (!c->factors && !c->counts) return from;
    for (int i = 0; i < n; i++) to[i] = from[i];
    if (c->factors) /* repetition: Keskar et al. 2019, with transformers' rule for signs */
        for (int i = 0; i < n; i++) to[i] = to[i] < 0 ? to[i] * c->factors[i] : to[i] / c->factors[i];
    if (c->counts)
        for (int i = 0; i < n; i++) to[i] -= c->counts[i] * c->frequency + (c->counts[i] > 0 ? c->presence : 0);
    return to;
}

/* The largest of some values, -inf if there are none; `odd` is set where one is no number. In lanes, for compilers. */
static float largest_of(const float *v, int count, int *odd) {
    float most[LANES], all = -INFINITY;
    int32_t strange[LANES] = {0};
    for (int j = 0; j < LANES; j++) most[j] = -INFINITY;
    for (; count >= LANES; v += LANES, count -= LANES)
        for (int j = 0; j < LANES; j++) {
            most[j] = v[j] > most[j] ? v[j] : most[j];
            strange[j] |= v[j] != v[j];
        }
    for (int j = 0; j < LANES; j++) {
        if (j < count && v[j] > most[j]) most[j] = v[j];
        *odd |= strange[j] | (j < count && v[j] != v[j]);
        if (most[j] > all) all = most[j];
    }
    return all;
}

/* The largest of each block; returns the likeliest token, or -1 where the row is no number. */
static int look_through(const sampling *s, const float *scores, float *most) {
    int odd = 0, best = 0;
    for (int b = 0; b < s->blocks; b++) {
        most[b] = largest_of(scores + b * NEIGHBOURS, end_of(s, b) - b * NEIGHBOURS, &odd);
        if (most[b] > most[best]) best = b;
    }
    if (odd || !isfinite(most[best])) return -1;
    for (int i = best * NEIGHBOURS;; i++)
        if (scores[i] == most[best]) return i;
}

/* Candidates: tokens whose value is at least this. */
static int collect(const sampling *s, const float *values, const desk *d, float least) {
    int count = 0;
    for (int b = 0; b < s->blocks; b++)
        for (int i = b * NEIGHBOURS; d->most[b] >= least && i < end_of(s, b); i++)
            if (values[i] >= least) d->candidates[count++] = (candidate){values[i], i};
    return count;
}

static void swap(float *a, float *b) {
    float kept = *a;
    *a = *b;
    *b = kept;
}

/* The largest bound that so much reaches: by number, or by the sum of the values themselves. Orders `v` anew.
 * Quickselect (Hoare 1961) with weights: of the part in which the bound lies, the larger half or the smaller one. */
static float bound(float *v, int count, double wanted, int by_value) {
    int low = 0, high = count;
    while (low < high) {
        float pivot = v[low + (high - low) / 2];
        int larger = low, at = low, smaller = high;
        double above = 0, equal = 0;
        while (at < smaller) { /* [larger ones | equal ones | not seen | smaller ones] */
            if (v[at] > pivot) above += by_value ? v[at] : 1, swap(v + larger++, v + at++);
            else if (v[at] < pivot) swap(v + at, v + --smaller);
            else equal += by_value ? v[at] : 1, at++;
        }
        if (above >= wanted) high = larger;
        else if (above + equal >= wanted) return pivot;
        else wanted -= above + equal, low = smaller;
    }
    return 0;
}

/* The least of the `top_k` largest scores. */
static float bound_of_top_k(const sampling *s, const float *scores, const desk *d, int top_k) {
    int count = s->blocks;
    if (top_k >= s->vocabulary) return -INFINITY;
    if (top_k < s->blocks) { /* so many blocks have one that is as large as this */
        for (int b = 0; b < count; b++) d->sorted[b] = d->most[b];
        count = collect(s, scores, d, bound(d->sorted, count, top_k, 0));
        for (int i = 0; i < count; i++) d->sorted[i] = d->candidates[i].value;
    } else {
        count = s->vocabulary;
        for (int i = 0; i < count; i++) d->sorted[i] = scores[i];
    }
    return bound(d->sorted, count, top_k, 0);
}

static double sum(const candidate *from, int count) {
    double all = 0;
    for (int i = 0; i < count; i++) all += from[i].value;
    return all;
}

static int keep(candidate *all, int count, float least) {
    int kept = 0;
    for (int i = 0; i < count; i++)
        if (all[i].value >= least) all[kept++] = all[i];
    return kept;
}

/* How likely each token is beside the likeliest, 0 to 1, with the blocks' largest and sums; → the sum of all. */
static double as_likelihoods(const sampling *s, const float *scores, const desk *d, float best, float temperature) {
    double all = 0;
    float by = 1 / temperature;
    int odd = 0;
    for (int b = 0; b < s->blocks; b++) {
        float *to = d->scores + b * NEIGHBOURS;
        const float *from = scores + b * NEIGHBOURS;
        int count = end_of(s, b) - b * NEIGHBOURS;
        for (int i = 0; i < count; i++) to[i] = (from[i] - best) * by;
        exponentials(to, count);
        for (int i = 0; i < count; i++) to[i] = to[i] < NEVER ? 0 : to[i];
        d->sums[b] = 0;
        for (int i = 0; i < count; i++) d->sums[b] += to[i];
        d->most[b] = largest_of(to, count, &odd);
        all += d->sums[b];
    }
    return all;
}

static int candidates_of_top_k(const sampling *s, const float *scores, const desk *d, float best, const row_sampling *c,
                               double *all) {
    int count = collect(s, scores, d, bound_of_top_k(s, scores, d, c->top_k));
    for (int i = 0; i < count; i++) d->sorted[i] = (d->candidates[i].value - best) * (1 / c->temperature);
    exponentials(d->sorted, count);
    for (int i = 0; i < count; i++) d->candidates[i].value = d->sorted[i];
    *all = sum(d->candidates, count);
    return keep(d->candidates, count, NEVER);
}

static int draw(const desk *d, int count, float number) {
    double wanted = number * sum(d->candidates, count), reached = 0;
    for (int i = 0; i < count; i++)
        if ((reached += d->candidates[i].value) > wanted) return d->candidates[i].token;
    return d->candidates[count - 1].token;
}

/* Without limits: the block first, then the token in it. */
static int draw_from_all(const sampling *s, const desk *d, double all, float number) {
    double left = number * all;
    int block = 0, last = s->vocabulary - 1;
    while (block < s->blocks - 1 && d->sums[block] <= left) left -= d->sums[block++];
    for (int i = block * NEIGHBOURS; i < end_of(s, block); i++)
        if ((left -= d->scores[i]) < 0) return i;
    while (d->scores[last] == 0) last--; /* sums are rounded: the number was next to 1 */
    return last;
}

static int next_token(const sampling *s, int row, const desk *d) {
    const row_sampling *c = s->how + row;
    const float *scores = lowered(s, row, d->scores);
    int likeliest = look_through(s, scores, d->most), count;
    if (likeliest < 0 || c->temperature < COLD) return likeliest;
    float best = scores[likeliest];
    double all;
    if (c->top_k > 0) count = candidates_of_top_k(s, scores, d, best, c, &all);
    else {
        all = as_likelihoods(s, scores, d, best, c->temperature);
        if (c->top_p >= 1 && c->min_p <= 0) return draw_from_all(s, d, all, c->draw);
        /* what is less likely than (1 - top_p) / vocabulary is together less than what top-p leaves out */
        double rest = (1 - (double)c->top_p) * all / s->vocabulary;
        count = collect(s, d->scores, d, fmaxf(NEVER, fmaxf(c->min_p, (float)rest)));
    }
    if (c->top_p < 1) {
        for (int i = 0; i < count; i++) d->sorted[i] = d->candidates[i].value;
        count = keep(d->candidates, count, bound(d->sorted, count, c->top_p * all, 1));
    }
    return draw(d, keep(d->candidates, count, c->min_p), c->draw);
}

static void sample_some(const void *work, int from, int to) {
    const sampling *s = work;
    size_t n = (size_t)s->vocabulary;
    float *memory = malloc(sizeof(float) * 2 * (n + s->blocks) + sizeof(candidate) * n);
    float *most = memory + n, *sums = most + s->blocks, *sorted = sums + s->blocks;
    desk d = {memory, most, sums, sorted, (candidate *)(sorted + n)};
    for (int row = from; row < to; row++) {
        int token = memory ? next_token(s, row, &d) : -1;
        s->tokens[row] = token;
        if (token >= 0 && s->how[row].factors) s->how[row].factors[token] = s->how[row].repetition;
        if (token >= 0 && s->how[row].counts) s->how[row].counts[token] += 1;
    }
    free(memory);
}

/* tokens [rows] of logits [rows][stride]; -1 where a row's logits are no numbers, or there is no memory. */
void echo_sample(const float *logits, int rows, int stride, int vocabulary, const row_sampling *how, int threads,
                 int32_t *tokens) {
    sampling work = {logits, stride, vocabulary, (vocabulary + NEIGHBOURS - 1) / NEIGHBOURS, how, tokens};
    share_out(threads, rows, 1, sample_some, &work);
}
