# ggml's worker threads wait for each other after each operation, some hundred times in a pass, and do so by spinning.
# On a box where a neighbour holds a core, the thread that spins keeps the core from the one that it waits for: a pass
# takes five to ten times as long. With this change a thread spins for some microseconds, which is what the others
# usually need, and then sleeps until the last one arrives (a futex on Linux, giving up the core elsewhere). How long it
# spins follows from how often that was in vain: on a quiet box nearly always long enough, on a busy one hardly at all.
# So a neighbour slows a pass in proportion, and a quiet box pays nothing.
#
# It also lets the thread that begins a pass say how many threads the pass may have (`patter_ggml_at_most`, called by
# src/llm/ggml.rs): llama.cpp takes their number only once, when a context is made.
#
# The file is changed in a copy of ggml's sources. A ggml whose text is another one stops the build here, never
# silently.

function(let_ggml_sleep file)
  file(READ "${file}" text)
  macro(change what old new)
    string(FIND "${text}" "${old}" first)
    string(FIND "${text}" "${old}" last REVERSE)
    if(first EQUAL -1 OR NOT first EQUAL last)
      message(FATAL_ERROR
        "${file}: ${what} is not where it was; look at ggml's barrier and mend scripts/build/blocking_barrier.cmake")
    endif()
    string(REPLACE "${old}" "${new}" text "${text}")
  endmacro()

  change("the barrier's counter"
    "    atomic_int GGML_CACHE_ALIGN n_barrier_passed;\n"
    "    atomic_int GGML_CACHE_ALIGN n_barrier_passed;\n    atomic_int n_barrier_asleep;\n")
  change("the counter's first value"
    "        threadpool->n_barrier_passed = 0;\n"
    "        threadpool->n_barrier_passed = 0;\n        threadpool->n_barrier_asleep = 0;\n")
  change("the barrier" "void ggml_barrier(struct ggml_threadpool * tp) {\n" [=[
#if defined(__linux__)
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#else
#include <sched.h>
#endif
#include <time.h>

// Longest spin, in ns: about what sleeping and waking costs in a virtual machine; with 5 us a quiet pass took a fifth
// longer.
#define PATTER_SPIN_MOST_NS 60000
// Shortest: long enough to see that the others run again.
#define PATTER_SPIN_LEAST_NS 3000

// Added after a spin that was not in vain.
#define PATTER_SPIN_MORE_NS 500

// Where spins are in vain, the awaited thread waits for a core: they get shorter by half each time. Where they are not,
// longer by some ns.
static atomic_int patter_spin_ns = PATTER_SPIN_MOST_NS;

static void patter_barrier_wait(struct ggml_threadpool * tp, int seen) {
    struct timespec began, now;
    const int limit = atomic_load_explicit(&patter_spin_ns, memory_order_relaxed);
    clock_gettime(CLOCK_MONOTONIC, &began);
    do {
        for (int i = 0; i < 16; i++) {
            if (atomic_load_explicit(&tp->n_barrier_passed, memory_order_relaxed) != seen) {
                if (limit < PATTER_SPIN_MOST_NS) {
                    atomic_store_explicit(&patter_spin_ns, limit + PATTER_SPIN_MORE_NS, memory_order_relaxed);
                }
                return;
            }
            ggml_thread_cpu_relax();
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - began.tv_sec) * 1000000000LL + (now.tv_nsec - began.tv_nsec) < limit);
    const int shorter = limit / 2 > PATTER_SPIN_LEAST_NS ? limit / 2 : PATTER_SPIN_LEAST_NS;
    atomic_store_explicit(&patter_spin_ns, shorter, memory_order_relaxed);
#if defined(__linux__)
    // Counted before the kernel compares: who passes last sees the sleeper, or the sleeper sees that it passed.
    atomic_fetch_add_explicit(&tp->n_barrier_asleep, 1, memory_order_seq_cst);
    while (atomic_load_explicit(&tp->n_barrier_passed, memory_order_seq_cst) == seen) {
        syscall(SYS_futex, &tp->n_barrier_passed, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    }
    atomic_fetch_sub_explicit(&tp->n_barrier_asleep, 1, memory_order_seq_cst);
#else
    while (atomic_load_explicit(&tp->n_barrier_passed, memory_order_relaxed) == seen) {
        sched_yield();
    }
#endif
}

static void patter_barrier_wake(struct ggml_threadpool * tp) {
#if defined(__linux__)
    if (atomic_load_explicit(&tp->n_barrier_asleep, memory_order_seq_cst) > 0) {
        syscall(SYS_futex, &tp->n_barrier_passed, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
    }
#else
    UNUSED(tp);
#endif
}

void ggml_barrier(struct ggml_threadpool * tp) {
]=])
  change("the last thread's exit"
    "        atomic_fetch_add_explicit(&tp->n_barrier_passed, 1, memory_order_seq_cst);\n        return;\n"
    "        atomic_fetch_add_explicit(&tp->n_barrier_passed, 1, memory_order_seq_cst);\n        patter_barrier_wake(tp);\n        return;\n")
  change("the wait"
    "    while (atomic_load_explicit(&tp->n_barrier_passed, memory_order_relaxed) == n_passed) {\n        ggml_thread_cpu_relax();\n    }\n"
    "    patter_barrier_wait(tp, n_passed);\n")
  change("the plan's threads"
    "struct ggml_cplan ggml_graph_plan(\n          const struct ggml_cgraph * cgraph,\n                               int   n_threads,\n            struct ggml_threadpool * threadpool) {\n"
    [=[
static _Thread_local int patter_threads_most = 0;

// Passes that this thread begins from now on have at most so many threads; 0 for as many as they ask for.
void patter_ggml_at_most(int n_threads);
void patter_ggml_at_most(int n_threads) {
    patter_threads_most = n_threads;
}

struct ggml_cplan ggml_graph_plan(
          const struct ggml_cgraph * cgraph,
                               int   n_threads,
            struct ggml_threadpool * threadpool) {
    if (patter_threads_most > 0 && n_threads > patter_threads_most) {
        n_threads = patter_threads_most;
    }
]=])
  # Between passes, too: a fifth of a second of spinning becomes some microseconds.
  change("the wait for work" "1024UL * 128 * threadpool->poll" "4UL * threadpool->poll")
  file(WRITE "${file}" "${text}")
endfunction()
