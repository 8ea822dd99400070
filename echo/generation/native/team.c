/* Threads that share the work of a step: hundreds of pieces of a few microseconds each.
 *
 * A thread that is woken by the system comes too late for such a piece, so helpers look for the next one for as long
 * as a step's gaps last before they sleep. Whoever is free takes the next part, the caller too: a helper that the
 * system has stopped is waited for only while it holds a part. What is computed does not depend on who computes it.
 */
#define _POSIX_C_SOURCE 200809L /* C11 alone knows no threads of this kind */
#include "native.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

#define PARTS 4          /* for each thread: whoever is late leaves its share to the others */
#define LOOKS 20000      /* before a helper sleeps: about half a millisecond */
#define LOOKS_HELD 2000  /* for a part that somebody holds, before the processor is offered to it */

static struct {
    _Atomic uint64_t free; /* number of the work << 32 | parts that nobody has taken */
    _Atomic int held;      /* parts that are not done */
    _Atomic int asleep;
    part each;             /* these belong to the current work: they stay while a part of it is not done */
    const void *work;
    int items, parts, helpers;
} team;

static pthread_mutex_t calling = PTHREAD_MUTEX_INITIALIZER; /* one caller at a time has the helpers */
static pthread_mutex_t sleeping = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t woken = PTHREAD_COND_INITIALIZER;

static inline void pause_a_moment(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool is_left(void) { return (uint32_t)atomic_load(&team.free) > 0; }

static void take_parts(void) {
    uint64_t seen = atomic_load(&team.free);
    while ((uint32_t)seen) {
        if (!atomic_compare_exchange_weak(&team.free, &seen, seen - 1)) continue;
        int64_t items = team.items, n = (uint32_t)seen - 1;
        team.each(team.work, (int)(items * n / team.parts), (int)(items * (n + 1) / team.parts));
        atomic_fetch_sub(&team.held, 1);
        seen = atomic_load(&team.free);
    }
}

static void sleep_until_woken(void) {
    pthread_mutex_lock(&sleeping);
    atomic_fetch_add(&team.asleep, 1);
    while (!is_left()) pthread_cond_wait(&woken, &sleeping);
    atomic_fetch_sub(&team.asleep, 1);
    pthread_mutex_unlock(&sleeping);
}

static void *help(void *unused) {
    for (int looks = 0;;) {
        if (is_left()) take_parts(), looks = 0;
        else if (looks < LOOKS) looks++, pause_a_moment();
        else sleep_until_woken();
    }
    return unused;
}

/* A child has none of its parent's threads. */
static void begin_anew(void) {
    pthread_mutex_init(&calling, NULL);
    pthread_mutex_init(&sleeping, NULL);
    pthread_cond_init(&woken, NULL);
    atomic_store(&team.free, 0);
    atomic_store(&team.asleep, 0);
    team.helpers = 0;
}

/* Have so many helpers, or as many as there can be: without one the caller does everything. */
static void gather(int wanted) {
    static bool watched = false;
    if (!watched) watched = pthread_atfork(NULL, NULL, begin_anew) == 0;
    sigset_t all, before; /* signals are for the threads of Python */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (pthread_t one; team.helpers < wanted && pthread_create(&one, NULL, help, NULL) == 0; team.helpers++)
        pthread_detach(one);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void wake(void) {
    pthread_mutex_lock(&sleeping);
    pthread_cond_broadcast(&woken);
    pthread_mutex_unlock(&sleeping);
}

void share_out(int threads, int items, int least, part each, const void *work) {
    int most = threads * PARTS, parts = items / (least > 1 ? least : 1);
    if (parts > most) parts = most;
    if (threads < 2 || parts < 2 || pthread_mutex_trylock(&calling)) {
        each(work, 0, items);
        return;
    }
    if (team.helpers < threads - 1) gather(threads - 1);
    team.each = each, team.work = work, team.items = items, team.parts = parts;
    atomic_store(&team.held, parts);
    atomic_store(&team.free, ((atomic_load(&team.free) >> 32) + 1) << 32 | (uint32_t)parts);
    if (atomic_load(&team.asleep)) wake();
    take_parts();
    for (int looks = 0; atomic_load(&team.held);) {
        if (looks < LOOKS_HELD) looks++, pause_a_moment();
        else sched_yield();
    }
    pthread_mutex_unlock(&calling);
}
