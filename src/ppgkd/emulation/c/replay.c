/* A student on a stream of samples from a file: the same program on this machine and on a board.
 *
 * In the current folder it reads
 *   chunks.u32   numbers of samples of one push, in turn
 *   samples.f32  samples, PPGKD_CHANNELS values each
 * and writes
 *   estimates.f64  for each estimate: end_s, bpm, sd_bpm, window_bpm, window_sd_bpm, reason, valid
 *   counters.f64   see `save_counters`
 * Both machines have little-endian IEEE numbers, which `run.py` reads.
 */

#include <stdio.h>
#include <stdlib.h>

#include "board.h"
#include "ppgkd.h"

#define BLOCK_SAMPLES 1024 /* read at once; a chunk is at most that long */
#define MOST_CHUNKS 256
#define MOST_ESTIMATES 64 /* of one block */
#define ESTIMATE_VALUES 7

/* Calls of `ppgkd_push` of one kind: how many, of how many samples, and their ticks. */
typedef struct {
    uint64_t calls, samples, ticks;
    uint32_t most_ticks;
} calls_t;

static ppgkd_state state;
static float samples[BLOCK_SAMPLES * PPGKD_CHANNELS];
static uint32_t chunks[MOST_CHUNKS];
static double found[MOST_ESTIMATES][ESTIMATE_VALUES];
static size_t n_found;
static calls_t without, with; /* an estimate */
static size_t most_stack_bytes;

static void fail(const char *problem) {
    fputs(problem, stderr);
    fputs("\n", stderr);
    exit(1);
}

static FILE *opened(const char *name, const char *mode) {
    FILE *file = fopen(name, mode);
    if (file == NULL) {
        fputs(name, stderr);
        fail(" cannot be opened");
    }
    return file;
}

static void note(calls_t *calls, size_t n_samples, uint32_t ticks) {
    calls->calls++;
    calls->samples += n_samples;
    calls->ticks += ticks;
    if (ticks > calls->most_ticks) {
        calls->most_ticks = ticks;
    }
}

static void keep(const ppgkd_estimate *estimate) {
    if (n_found == MOST_ESTIMATES) {
        fail("a block has more estimates than there is room for");
    }
    double *row = found[n_found++];
    row[0] = estimate->end_s;
    row[1] = (double)estimate->bpm;
    row[2] = (double)estimate->sd_bpm;
    row[3] = (double)estimate->window_bpm;
    row[4] = (double)estimate->window_sd_bpm;
    row[5] = (double)estimate->reason;
    row[6] = estimate->valid ? 1.0 : 0.0;
}

/* Pushes one chunk, and what is left of it after each estimate. */
static void push(const float *values, size_t n_samples) {
    size_t taken = 0;
    do {
        ppgkd_estimate estimate;
        size_t n_taken = 0;
        const float *rest = values + taken * PPGKD_CHANNELS;
        const uint32_t before = board_ticks();
        const ppgkd_status status =
            ppgkd_push(&state, rest, n_samples - taken, &n_taken, &estimate);
        const uint32_t ticks = (before - board_ticks()) & TICKS_MASK;
        if (status != PPGKD_OK && status != PPGKD_ESTIMATE) {
            fail("ppgkd_push refused the samples");
        }
        taken += n_taken;
        note(status == PPGKD_ESTIMATE ? &with : &without, n_taken, ticks);
        if (status == PPGKD_ESTIMATE) {
            keep(&estimate);
        } else if (taken != n_samples) {
            fail("ppgkd_push did not take all samples");
        }
    } while (taken < n_samples);
}

static void note_stack(void) {
    const size_t bytes = board_stack_bytes();
    if (bytes >= PAINTED_BYTES) {
        fail("the stack is deeper than its paint");
    }
    if (bytes > most_stack_bytes) {
        most_stack_bytes = bytes;
    }
}

static void save_counters(void) {
    const double counters[] = {
        (double)sizeof(state),    (double)most_stack_bytes,  (double)without.calls,
        (double)without.samples,  (double)without.ticks,     (double)without.most_ticks,
        (double)with.calls,       (double)with.samples,      (double)with.ticks,
        (double)with.most_ticks,
    };
    FILE *file = opened("counters.f64", "wb");
    fwrite(counters, sizeof(counters), 1, file);
    fclose(file);
}

int main(void) {
    FILE *file = opened("chunks.u32", "rb");
    const size_t n_chunks = fread(chunks, sizeof(*chunks), MOST_CHUNKS, file);
    fclose(file);
    if (n_chunks == 0) {
        fail("chunks.u32 is empty");
    }
    board_paint_stack();
    const ppgkd_status status = ppgkd_init(&state);
    note_stack();
    if (status != PPGKD_OK) {
        fail("ppgkd_init failed");
    }
    FILE *source = opened("samples.f32", "rb");
    FILE *estimates = opened("estimates.f64", "wb");
    const size_t sample_bytes = sizeof(*samples) * PPGKD_CHANNELS;
    size_t turn = 0;
    for (;;) {
        const size_t n_samples = fread(samples, sample_bytes, BLOCK_SAMPLES, source);
        if (n_samples == 0) {
            break;
        }
        board_paint_stack(); /* files use the stack, too */
        for (size_t first = 0, chunk; first < n_samples; first += chunk) {
            chunk = chunks[turn++ % n_chunks];
            if (chunk > n_samples - first) {
                chunk = n_samples - first; /* the last of a block */
            }
            push(samples + first * PPGKD_CHANNELS, chunk);
        }
        note_stack();
        fwrite(found, sizeof(*found), n_found, estimates);
        n_found = 0;
    }
    fclose(estimates);
    fclose(source);
    save_counters();
    return 0;
}
