/* The tape's interpreter in C: numpy's own inner loops, and plain arithmetic between them.

A tape is a list of instructions between places: lines, with a number for each point, and constants. The
points are taken in blocks, so short that all lines of a block stay in the first cache; an instruction is a
loop over a line. What numpy has a loop for is done by that loop, which its ufunc's table names: the numbers
are numpy's to the last bit. Sums, products and comparisons are written out here, for IEEE's arithmetic
leaves no choice. Threads take blocks of one call.

Nothing here checks a tape: ``engine/kernel.py`` does, before it is handed over. */

#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _WIN32
#define sched_yield() 0
#else
#include <sched.h>
#endif

#if defined(__GNUC__) && defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
/* Vectors of whatever width the processor has: elementwise, they change no bit. */
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

typedef Py_ssize_t Size;
typedef void (*Loop)(char **operands, const Size *count, const Size *strides, void *data);

/* The heads of numpy's PyUFuncObject, PyArrayObject and PyArray_Descr, public structures that do not change. */
typedef struct {
    PyObject_HEAD
    int nin, nout, nargs, identity;
    Loop *functions;
    void *const *data;
    int ntypes, reserved;
    const char *name, *types;
} UFunc;
typedef struct {
    PyObject_HEAD
    PyTypeObject *typeobj;
    char kind, type, byteorder, flags;
    int type_num;
} Descr;
typedef struct {
    PyObject_HEAD
    void *data;
    int nd;
    Size *dimensions, *strides;
    PyObject *base;
    Descr *descr;
    int flags;
} Array;

enum { DOUBLE = 12 }; /* numpy's number of float64 */
enum { SIDE_BY_SIDE = 1, ALIGNED = 256 }; /* among the flags of an array */

/* In the order of ``OPERATIONS`` in engine/kernel.py. */
enum { COPY, ADD, SUB, MUL, DIV, NEG, SQUARE, ABS, SQRT, EQ, NE, LT, LE, GT, GE,
       AND, OR, NOT, WHERE, LOOK, LOOP, CALL, COS };

typedef struct { int32_t op, function, in[3], out; } Step;
typedef struct { double line, number; } Fill;
typedef struct { Loop loop; void *data; PyObject *object; int arity; } Function; /* a loop where it is numpy's */

/* Of a recording. A reference is a first place and a stride, or where its places begin among the
   indices. The results of a run lie side by side. */
typedef struct { int32_t first, stride, indices; } Reference;
typedef struct { int32_t op, function, count, out; Reference in[3]; } Run;
typedef struct { int32_t count, node; Reference operand, slope; } Edge; /* the way up */
/* The way down: cotangents times slopes (UNIT: as they are) go each to its place (EACH_TO), or added up all to
   one (TOTAL), or in parts, which begin at ``parts`` of them in their ``order``; PUT: where nothing was. */
typedef struct { int32_t how, count; Reference from, to, slope; int32_t order, parts, n_parts; } Way;
enum { EACH_TO, TOTAL, PARTS, PUT = 4, UNIT = 8 };
/* What is too large, or not ``positive``, is in doubt. */
typedef struct { int32_t positive, count; Reference numbers; } Guard;
/* Of a deep graph, node by node: ``what`` is the operation, SLOPE more for a slope, and above its eight bits
   the function, or the third operand of a WHERE; ~to is where nothing was. */
typedef struct { int32_t what, a, b, out; } Single;
typedef struct { int32_t from, to, slope; } Link;
enum { SLOPE = 64 };

typedef struct {
    PyObject *held; /* what its instructions and constants are parts of */
    Function *functions;
    Size n_inputs, n_columns, n_lines, n_steps, n_constants, n_fills, block;
    const Step *steps;
    double *constants;
    const Fill *fills;      /* the lines that are the same at every point */
    const int32_t *results; /* the line of each column, and of four at least */
    /* Of a recording. ``places`` are those of the inputs, of their cotangents, of the outputs, of what
       is cleared before the way down, and of values one of which is NaN if any is. */
    Size n_runs, n_nodes, n_values, n_needed, n_edges, n_ways, n_singles, n_links, n_guards, n_cleared,
        n_telling, longest;
    int in_order; /* whether the places of the inputs and of their cotangents are the first ones */
    const Run *runs;
    const Edge *edges;
    const Way *ways;
    const Single *singles;
    const Link *links;
    const Guard *guards;
    double limit; /* of what is guarded */
    const int32_t *indices, *places;
    double *values, *flows, *gathered, *row; /* values: of every place */
} Tape;

/* No block is shorter than LANES: numpy's vector code treats one number otherwise than several. */
enum { LANES = 8, SMALLEST = 64, LARGEST = 1024, CACHE = 24 * 1024 };
/* Blocks of a tape that calls functions of Python: a call costs as much as hundreds of numbers. */
enum { MANY = 8192, OUTER_CACHE = 1024 * 1024 };

/* Numbers side by side (``step`` 1), or one for all (0). */
typedef struct { double *at; Size step; } Place;
typedef void (*Work)(Size n, const Place *x, const Place *y, const Place *z, double *out);

/* --- loops --------------------------------------------------------------------------------- */

/* What is written is what is read, or lies elsewhere. */
#define EACH(expression) _Pragma("GCC ivdep") for (Size i = 0; i < n; i++) { expression; }

#define UNARY(name, value)                                                                      \
    WIDE static void name(Size n, const Place *x, const Place *y, const Place *z, double *out) { \
        const double *p = x->at;                                                                \
        if (x->step) EACH(double a = p[i]; out[i] = (value))                                    \
        else { double a = *p; EACH(out[i] = (value)) }                                          \
    }
#define BINARY(name, value)                                                                     \
    WIDE static void name(Size n, const Place *x, const Place *y, const Place *z, double *out) { \
        const double *p = x->at, *q = y->at;                                                    \
        if (x->step && y->step) EACH(double a = p[i]; double b = q[i]; out[i] = (value))        \
        else if (y->step) { double a = *p; EACH(double b = q[i]; out[i] = (value)) }            \
        else if (x->step) { double b = *q; EACH(double a = p[i]; out[i] = (value)) }            \
        else { double a = *p, b = *q; EACH(out[i] = (value)) }                                  \
    }

UNARY(copy, a)
UNARY(negative, -a)
UNARY(square, a * a)
UNARY(absolute, fabs(a))
UNARY(root, sqrt(a))
UNARY(negation, a == 0 ? 1.0 : 0.0)
BINARY(add, a + b)
BINARY(subtract, a - b)
BINARY(multiply, a * b)
BINARY(divide, a / b)
BINARY(equal, a == b ? 1.0 : 0.0)
BINARY(not_equal, a != b ? 1.0 : 0.0)
BINARY(less, a < b ? 1.0 : 0.0)
BINARY(less_equal, a <= b ? 1.0 : 0.0)
BINARY(greater, a > b ? 1.0 : 0.0)
BINARY(greater_equal, a >= b ? 1.0 : 0.0)
BINARY(conjunction, a != 0 && b != 0 ? 1.0 : 0.0)
BINARY(disjunction, a != 0 || b != 0 ? 1.0 : 0.0)

WIDE static void choose(Size n, const Place *x, const Place *y, const Place *z, double *out) {
    const double *p = x->at, *q = y->at, *r = z->at;
    Size ps = x->step, qs = y->step, rs = z->step;
    if (ps && qs && rs) EACH(double a = q[i]; double b = r[i]; out[i] = p[i] != 0 ? a : b)
    else EACH(double a = q[i * qs]; double b = r[i * rs]; out[i] = p[i * ps] != 0 ? a : b)
}

/* By the operations before LOOK. */
static const Work WORKS[] = {
    copy, add, subtract, multiply, divide, negative, square, absolute, root, equal, not_equal, less,
    less_equal, greater, greater_equal, conjunction, disjunction, negation, choose,
};

/* Magnitudes are in the order of their bits, NaN the largest: what is too large makes the difference
   negative. */
WIDE static int all_below(Size n, const double *x, double limit) {
    int64_t last, found = 0;
    memcpy(&last, &limit, sizeof last);
    last--;
    EACH(int64_t bits; memcpy(&bits, x + i, sizeof bits); found |= last - (bits & INT64_MAX))
    return found >= 0;
}

WIDE static int all_positive_below(Size n, const double *x, double limit) {
    uint64_t last, found = 0;
    memcpy(&last, &limit, sizeof last);
    last--;
    EACH(uint64_t bits; memcpy(&bits, x + i, sizeof bits); found |= (bits - 1) | (last - bits))
    return !(found >> 63);
}

static int all_finite(Size n, const double *x) { return all_below(n, x, INFINITY); }

static int look(Size n, const Place *place, char *suspects) {
    const double *x = place->at;
    int found = 0;
    if (!place->step || all_finite(n, x)) return 0;
    EACH(if (!isfinite(x[i])) { found = 1; suspects[i] = 1; })
    return found;
}

/* --- the cosine by way of the tangent, as in functions/sines.py ----------------------------- */

static double alone(const Function *function, double x) {
    static const Size n = LANES, strides[2] = {8, 8};
    double lanes[2][LANES];
    char *operands[2] = {(char *)lanes[0], (char *)lanes[1]};
    for (int i = 0; i < LANES; i++) lanes[0][i] = x;
    function->loop(operands, &n, strides, function->data);
    return lanes[1][0];
}

static const double QUARTER = 1.5707963267948966, QUARTER_REST = 6.123233995736766e-17;

WIDE static void before_tangent(Size n, const double *x, double *t, double *rest) {
    EACH(double y = QUARTER - x[i]; rest[i] = (QUARTER - (x[i] + y)) + QUARTER_REST; t[i] = y * 0.5)
}

WIDE static void after_tangent(Size n, double *t, const double *rest) {
    EACH(double square = t[i] * t[i];
         t[i] = ((t[i] + t[i]) + rest[i] * (1.0 - square)) / (square + 1.0))
}

static void cosine(const Function *plain, Size n, const double *angles, double *out) {
    enum { ROOM = 512 };
    const Function *tangent = plain - 1;
    static const Size strides[2] = {8, 8};
    for (Size first = 0; first < n; first += ROOM) {
        double t[ROOM], rest[ROOM];
        Size some = n - first < ROOM ? n - first : ROOM;
        const double *here = angles + first;
        before_tangent(some, here, t, rest);
        for (Size i = some; i < LANES; i++) t[i] = t[0];
        Size count = some < LANES ? LANES : some;
        char *operands[2] = {(char *)t, (char *)t};
        tangent->loop(operands, &count, strides, tangent->data);
        after_tangent(some, t, rest);
        for (Size i = 0; i < some; i++) {
            double cos = t[i], angle = here[i];
            if (!(fabs(angle) < 67108864.0)) {
                double whole = alone(tangent, angle), sign = alone(tangent, angle * 0.5) * whole;
                cos = copysign(1.0 / sqrt(whole * whole + 1.0), sign);
            } else if (fabs(cos) < 0x1p-20)
                cos = alone(plain, angle);
            out[first + i] = cos;
        }
    }
}

/* --- rows and columns ---------------------------------------------------------------------- */

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLED
#endif
#endif

/* to[j][i] = from[i][j], four by four: rows of ``to`` are written in their order. */
static inline __attribute__((always_inline)) void turn(const double *const from[4], double *const to[4]) {
#ifdef SHUFFLED
    typedef double Four __attribute__((vector_size(32), aligned(8), may_alias));
#define MIX __builtin_shufflevector
    Four a = *(const Four *)from[0], b = *(const Four *)from[1];
    Four c = *(const Four *)from[2], d = *(const Four *)from[3];
    Four ab = MIX(a, b, 0, 4, 2, 6), cd = MIX(c, d, 0, 4, 2, 6), AB = MIX(a, b, 1, 5, 3, 7), CD = MIX(c, d, 1, 5, 3, 7);
    *(Four *)to[0] = MIX(ab, cd, 0, 1, 4, 5);
    *(Four *)to[1] = MIX(AB, CD, 0, 1, 4, 5);
    *(Four *)to[2] = MIX(ab, cd, 2, 3, 6, 7);
    *(Four *)to[3] = MIX(AB, CD, 2, 3, 6, 7);
#else
    for (int j = 0; j < 4; j++)
        for (int i = 0; i < 4; i++) to[j][i] = from[i][j];
#endif
}

/* Rows of points to lines, one for each of ``width`` inputs. A row of fewer than four is taken for one
   of four: what is too much goes to lines that are written later. */
WIDE static void take(Size n, Size width, const double *rows, double *lines, Size room) {
    Size i = 0;
    if (width == 2) { EACH(lines[i] = rows[2 * i]; lines[room + i] = rows[2 * i + 1]) return; }
    if (width == 3) {
        EACH(lines[i] = rows[3 * i]; lines[room + i] = rows[3 * i + 1]; lines[2 * room + i] = rows[3 * i + 2])
        return;
    }
    for (; (i + 3) * width + 4 <= n * width; i += 4)
        for (Size j = 0; j < width; j += 4) {
            Size at = j + 4 > width && width > 4 ? width - 4 : j;
            const double *row = rows + i * width + at;
            double *line = lines + at * room + i;
            turn((const double *const[4]){row, row + width, row + 2 * width, row + 3 * width},
                 (double *const[4]){line, line + room, line + 2 * room, line + 3 * room});
        }
    for (; i < n; i++)
        for (Size j = 0; j < width; j++) lines[j * room + i] = rows[i * width + j];
}

/* Lines to rows of results. Of a row of fewer than four what is too much is written over. */
WIDE static void give(Size n, Size width, const Place *places, const int32_t *results, double *rows) {
    Size i = 0;
    for (; (i + 3) * width + 4 <= n * width; i += 4)
        for (Size j = 0; j < width; j += 4) {
            Size at = j + 4 > width && width > 4 ? width - 4 : j;
            const int32_t *from = results + at;
            double *row = rows + i * width + at;
            turn((const double *const[4]){places[from[0]].at + i, places[from[1]].at + i, places[from[2]].at + i,
                                          places[from[3]].at + i},
                 (double *const[4]){row, row + width, row + 2 * width, row + 3 * width});
        }
    for (; i < n; i++)
        for (Size j = 0; j < width; j++) rows[i * width + j] = places[results[j]].at[i];
}

/* --- a block ------------------------------------------------------------------------------- */

/* One instruction on n numbers. */
static void apply(int op, const Function *function, Size n, const Place *a, const Place *b, const Place *c,
                  double *out) {
    if (op < LOOK) WORKS[op](n, a, b, c, out);
    else if (op == COS) {
        if (!a->step) copy(n, a, NULL, NULL, out);
        cosine(function, n, a->step ? a->at : out, out);
    } else {
        char *operands[4] = {(char *)a->at, (char *)b->at, (char *)c->at, NULL};
        Size strides[4] = {a->step * 8, b->step * 8, c->step * 8, 0};
        operands[function->arity] = (char *)out;
        strides[function->arity] = 8;
        function->loop(operands, &n, strides, function->data);
    }
}

/* Values of a block lie in lines of ``room`` numbers, behind them the constants. */
static void furnish(const Tape *tape, Place *place, double *memory, Size room) {
    for (Size k = 0; k < tape->n_lines; k++) *place++ = (Place){memory + k * room, 1};
    for (Size k = 0; k < tape->n_constants; k++) *place++ = (Place){tape->constants + k, 0};
    for (const Fill *fill = tape->fills, *end = fill + tape->n_fills; fill < end; fill++)
        for (Size i = 0; i < room; i++) memory[(Size)fill->line * room + i] = fill->number;
}

/* --- many points: threads -------------------------------------------------------------------- */

/* Who takes part begins with its own share of the blocks, which from call to call are the same ones and so
   in the cache of its processor; then it helps with the others' shares. */
enum { MOST = 64, AWAKE = 60 * 1000, PATIENCE = 20 * 1000 * 1000 }; /* nanoseconds */
typedef struct { _Atomic Size next; Size end; char apart[48]; } Share;
typedef struct {
    const Tape *tape;
    const double *points;
    double *rows;
    char *suspects;
    Size count, blocks;
    double below;
    int n_shares;
    _Atomic int found;
    PyObject *error[3]; /* the first one */
    Share shares[MOST];
} Job;

static int64_t now(void) {
    struct timespec time;
#ifdef _WIN32
    timespec_get(&time, TIME_UTC);
#else
    clock_gettime(CLOCK_MONOTONIC, &time);
#endif
    return time.tv_sec * (int64_t)1000000000 + time.tv_nsec;
}

/* The error that is set is kept for the thread that waits, and nobody goes on. */
static void fail(Job *job) {
    if (job->error[0]) PyErr_Clear();
    else PyErr_Fetch(job->error, job->error + 1, job->error + 2);
    for (int k = 0; k < job->n_shares; k++) job->shares[k].next = job->shares[k].end;
}

/* Asks Python whether it was interrupted, or tells it that memory is lacking. */
static void ask(Job *job, int lacking) {
    PyGILState_STATE state = PyGILState_Ensure();
    if (lacking) PyErr_NoMemory();
    if (lacking || PyErr_CheckSignals()) fail(job);
    PyGILState_Release(state);
}

static PyObject *as_argument(Place place, Size n, int flags) {
    if (place.step == 0) return PyFloat_FromDouble(*place.at);
    return PyMemoryView_FromMemory((char *)place.at, n * 8, flags);
}

static void call(Job *job, const Step *step, const Place *places, Size n) {
    PyGILState_STATE state = PyGILState_Ensure();
    const Function *function = job->tape->functions + step->function;
    PyObject *result = NULL, *arguments = PyTuple_New(function->arity + 1);
    for (int k = 0; arguments && k <= function->arity; k++) {
        int is_operand = k < function->arity, place = is_operand ? step->in[k] : step->out;
        PyObject *view = as_argument(places[place], n, is_operand ? PyBUF_READ : PyBUF_WRITE);
        if (!view) { Py_CLEAR(arguments); break; }
        PyTuple_SetItem(arguments, k, view);
    }
    if (arguments) {
        result = PyObject_Call(function->object, arguments, NULL);
        Py_DECREF(arguments);
    }
    if (!result) fail(job);
    Py_XDECREF(result);
    PyGILState_Release(state);
}

static int run_block(Job *job, const Place *places, Size n, char *suspects) {
    const Tape *tape = job->tape;
    int found = 0;
    for (const Step *step = tape->steps, *end = step + tape->n_steps; step < end; step++) {
        const Place *a = places + step->in[0], *b = places + step->in[1], *c = places + step->in[2];
        double *out = places[step->out].at;
        if (step->op < LOOK) WORKS[step->op](n, a, b, c, out);
        else if (step->op == LOOK) found |= look(n, a, suspects);
        else if (step->op != CALL) apply(step->op, tape->functions + step->function, n, a, b, c, out);
        else call(job, step, places, n);
    }
    return found;
}

/* No block is shorter than LANES: the last one may be longer. */
static void run_part(Job *job, Size number, const Place *places, double *lines, Size room) {
    const Tape *tape = job->tape;
    Size first = number * tape->block, n = number + 1 < job->blocks ? tape->block : job->count - first;
    const double *x = job->points + first * tape->n_inputs;
    char *suspects = job->suspects + first;
    take(n, tape->n_inputs, x, lines, room);
    int found = run_block(job, places, n, suspects);
    if (!all_below(n * tape->n_inputs, x, job->below))
        for (Size i = 0; i < n; i++)
            if (!all_below(tape->n_inputs, x + i * tape->n_inputs, job->below)) found = suspects[i] = 1;
    if (found) job->found = 1;
    give(n, tape->n_columns, places, tape->results, job->rows + first * tape->n_columns);
}

static void take_part(Job *job, int me) {
    const Tape *tape = job->tape;
    Size room = tape->block + LANES;
    int64_t since = now();
    double *memory = malloc((tape->n_lines * room + LANES) * sizeof(double));
    Place *places = malloc((tape->n_lines + tape->n_constants) * sizeof(Place));
    double *lines = memory + (-((uintptr_t)memory / 8) & 7); /* each begins where a cache line does */
    if (memory && places) furnish(tape, places, lines, room);
    else ask(job, 1);
    for (int k = 0; k < job->n_shares; k++) {
        Share *share = job->shares + (me + k) % job->n_shares;
        for (Size number; (number = share->next++) < share->end;) {
            run_part(job, number, places, lines, room);
            if (me == 0 && number % 8 == 7 && now() - since > PATIENCE) {
                ask(job, 0);
                since = now();
            }
        }
    }
    free(memory);
    free(places);
}

/* Threads that help, asleep but for a moment after they had something to do. They take part in the job
   while it is open, and then its owner waits for those who are inside. */
typedef struct { PyThread_type_lock bell; _Atomic int asleep; int seen; } Helper;
static Helper helpers[MOST];
static int n_helpers;
static _Atomic int jobs, is_open, inside, busy;
static _Atomic int64_t last; /* when a job ended */
static Job *job_of_all;

static void help(void *argument) {
    Helper *self = argument;
    int64_t since = now(); /* it had something to do */
    for (int seen = self->seen;;) {
        while (jobs == seen && now() - since < AWAKE) sched_yield();
        if (jobs == seen) {
            self->asleep = 1;
            if (jobs == seen || !atomic_exchange(&self->asleep, 0)) PyThread_acquire_lock(self->bell, WAIT_LOCK);
        }
        seen = jobs;
        inside++;
        int me = 1 + (int)(self - helpers);
        if (is_open && me < job_of_all->n_shares) {
            take_part(job_of_all, me);
            since = now();
        }
        inside--;
    }
}

static int start_helper(void) {
    Helper *helper = helpers + n_helpers;
    *helper = (Helper){PyThread_allocate_lock(), 0, jobs};
    if (!helper->bell) return 0;
    PyThread_acquire_lock(helper->bell, WAIT_LOCK);
    if (PyThread_start_new_thread(help, helper) == (unsigned long)-1) return 0;
    return ++n_helpers;
}

/* Whoever comes while the others are busy works alone. To wake somebody up takes as long as some work: that
   is done for one job after the other, or if they are to ``hurry``. */
static void run_job(Job *job, int hurry) {
    int shared = job->n_shares > 1 && (hurry || now() - last < AWAKE) && !atomic_exchange(&busy, 1);
    if (shared) {
        while (n_helpers < job->n_shares - 1 && start_helper()) {}
        job_of_all = job;
        is_open = 1;
        jobs++;
        for (int k = 0; k < n_helpers && k < job->n_shares - 1; k++)
            if (atomic_exchange(&helpers[k].asleep, 0)) PyThread_release_lock(helpers[k].bell);
    }
    take_part(job, 0);
    if (shared) {
        is_open = 0;
        for (int64_t since = now(); inside;)
            if (now() - since > AWAKE) sched_yield();
        busy = 0;
    }
    if (job->n_shares > 1) last = now();
}

/* --- one point: a recording ---------------------------------------------------------------- */

/* The places are those of the nodes, then of constants, slopes and steps. The first ``n_values`` runs
   make the values, the others the slopes, which need the first ``n_needed``. Edges lead from the nodes of
   a run to their operands, with the places of the slopes; they are in the order of their nodes. */

WIDE static void gather(const double *values, const int32_t *indices, Reference to, Size n, double *room) {
    const double *first = values + to.first;
    const int32_t *index = indices + to.indices;
    if (to.indices >= 0) EACH(room[i] = values[index[i]])
    else if (to.stride == 2) EACH(room[i] = first[2 * i]) /* of a tree of sums */
    else EACH(room[i] = first[i * to.stride])
}

static Place refer(double *values, const int32_t *indices, Reference to, Size n, double *room) {
    if (to.indices < 0 && (to.stride == 0 || to.stride == 1)) return (Place){values + to.first, to.stride};
    gather(values, indices, to, n, room);
    return (Place){room, 1};
}

static void run_runs(const Tape *tape, Size from, Size to) {
    double *values = tape->values, *room = tape->gathered;
    for (const Run *run = tape->runs + from, *end = tape->runs + to; run < end; run++) {
        Size n = run->count;
        Place in[3];
        for (int k = 0; k < 3; k++) {
            Reference to = run->in[k];
            if (run->op == LOOP && to.indices < 0) in[k] = (Place){values + to.first, to.stride}; /* numpy's */
            else in[k] = refer(values, tape->indices, to, n, room + k * tape->longest);
        }
        apply(run->op, tape->functions + run->function, n, in, in + 1, in + 2, values + run->out);
    }
}

static void run_singles(const Tape *tape, int slopes) {
    static const Size one = 1, strides[3] = {8, 8, 8};
    double *values = tape->values;
    for (const Single *step = tape->singles, *end = step + tape->n_singles; step < end; step++) {
        double *x = values + step->a, *y = values + step->b, *out = values + step->out, a = *x, b = *y;
        int op = step->what & 255, function = step->what >> 8;
        if (op >= SLOPE) {
            if (!slopes) continue;
            op -= SLOPE;
        }
        switch (op) {
        case COPY: *out = a; break;
        case ADD: *out = a + b; break;
        case SUB: *out = a - b; break;
        case MUL: *out = a * b; break;
        case DIV: *out = a / b; break;
        case NEG: *out = -a; break;
        case SQUARE: *out = a * a; break;
        case SQRT: *out = sqrt(a); break;
        case LOOP: {
            const Function *loop = tape->functions + function;
            char *operands[3] = {(char *)x, (char *)(loop->arity == 1 ? out : y), (char *)out};
            loop->loop(operands, &one, strides, loop->data);
            break;
        }
        default: {
            Place in[3] = {{x, 1}, {y, 1}, {values + (op == WHERE ? function : 0), 1}};
            apply(op, tape->functions + function, 1, in, in + 1, in + 2, out);
        }
        }
    }
}

#define PLACE(reference, i) \
    ((reference).indices < 0 ? (reference).first + (i) * (Size)(reference).stride \
                             : tape->indices[(reference).indices + (i)])

/* Added up as numpy does: one seed's in pairs, by its own loop; those of several in their order. */
static double total(const Tape *tape, Size n, const double *x, double sum, int alone) {
    if (n && alone) {
        Size strides[3] = {0, 8, 0};
        char *operands[3] = {(char *)&sum, (char *)x, (char *)&sum};
        tape->functions->loop(operands, &n, strides, tape->functions->data);
    } else
        for (Size i = 0; i < n; i++) sum += x[i];
    return sum;
}

WIDE static void add_products(Size n, const Place *x, const Place *y, double *to) {
    const double *p = x->at, *q = y->at;
    if (x->step && y->step) EACH(to[i] += p[i] * q[i])
    else if (y->step) { double a = *p; EACH(to[i] += a * q[i]) }
    else { double b = *q; Size step = x->step; EACH(to[i] += p[i * step] * b) }
}

static void go_down(const Tape *tape, const Way *way, int alone) {
    Size n = way->count, kind = way->how & 3, put = way->how & PUT;
    double *flows = tape->flows, *room = tape->gathered, *to = flows + way->to.first;
    int plain = kind == EACH_TO && way->to.indices < 0 && way->to.stride == 1;
    Place from = refer(flows, tape->indices, way->from, n, room);
    if (!(way->how & UNIT)) {
        Place slope = refer(tape->values, tape->indices, way->slope, n, room + tape->longest);
        if (plain && !put) { add_products(n, &from, &slope, to); return; }
        multiply(n, &from, &slope, NULL, plain ? to : room);
        if (plain) return;
        from = (Place){room, 1};
    }
    if (plain) {
        if (put) copy(n, &from, NULL, NULL, to);
        else add(n, &(Place){to, 1}, &from, NULL, to);
    } else if (kind == EACH_TO) {
        if (put) EACH(flows[PLACE(way->to, i)] = from.at[i * from.step])
        else EACH(flows[PLACE(way->to, i)] += from.at[i * from.step])
    } else if (kind == TOTAL)
        *to = total(tape, n, from.at, 0, alone) + (put ? 0 : *to);
    else {
        const int32_t *order = tape->indices + way->order, *part = tape->indices + way->parts;
        if (way->order >= 0) {
            double *sorted = room + tape->longest;
            EACH(sorted[i] = from.at[order[i]])
            from.at = sorted;
        }
        for (Size k = 0; k < way->n_parts; k++) {
            Size first = part[k], end = k + 1 < way->n_parts ? part[k + 1] : n;
            double sum = total(tape, end - first - 1, from.at + first + 1, from.at[first], alone);
            double *place = flows + PLACE(way->to, k);
            *place = put ? sum : *place + sum;
        }
    }
}

static int pull_back(const Tape *tape, const double *seeds, double *row, int alone) {
    const int32_t *kept = tape->places + tape->n_inputs, *ends = kept + tape->n_inputs;
    const int32_t *cleared = ends + tape->n_columns;
    double *flows = tape->flows;
    for (Size k = 0; k < tape->n_cleared; k++) flows[cleared[k]] = 0;
    for (Size k = 0; k < tape->n_columns; k++) flows[ends[k]] += seeds[k];
    for (const Way *way = tape->ways, *end = way + tape->n_ways; way < end; way++) go_down(tape, way, alone);
    int32_t last = -1;
    double flow = 0;
    for (const Link *link = tape->links, *end = link + tape->n_links; link < end; link++) {
        flow = (link->from == last ? flow : flows[link->from]) * tape->values[link->slope];
        last = link->to < 0 ? ~link->to : link->to;
        if (link->to >= 0) flow += flows[last];
        flows[last] = flow;
    }
    for (Size j = 0; j < tape->n_inputs; j++) row[j] = 0.0 + flows[tape->in_order ? j : kept[j]];
    return !all_finite(tape->n_inputs, row);
}

static int push_forward(const Tape *tape, const double *seeds, double *row, int alone) {
    const int32_t *ends = tape->places + 2 * tape->n_inputs;
    double *flows = tape->flows;
    memset(flows, 0, tape->n_nodes * sizeof(double));
    for (Size j = 0; j < tape->n_inputs; j++) flows[tape->places[j]] = seeds[j];
    for (const Edge *edge = tape->edges, *end = edge + tape->n_edges; edge < end; edge++) {
        Size n = edge->count;
        EACH(flows[edge->node + i] += flows[PLACE(edge->operand, i)] * tape->values[PLACE(edge->slope, i)])
    }
    for (const Link *link = tape->links + tape->n_links; link-- > tape->links;)
        flows[link->from] += flows[link->to] * tape->values[link->slope];
    for (Size k = 0; k < tape->n_columns; k++) row[k] = flows[ends[k]];
    return !all_finite(tape->n_columns, row);
}

/* --- Python's side ------------------------------------------------------------------------- */

static const char NAME[] = "gradcalc.engine.tape", ANSWER[] = "gradcalc.engine.answer";

static void forget(Tape *tape) {
    Py_XDECREF(tape->held);
    PyMem_Free(tape->functions);
    PyMem_Free(tape->values);
    PyMem_Free(tape);
}

static void destroy(PyObject *capsule) { forget(PyCapsule_GetPointer(capsule, NAME)); }

/* numpy's loop from float64 to float64, if there is one. */
static void find_loop(Function *found) {
    const UFunc *ufunc = (const UFunc *)found->object;
    for (int i = 0; i < ufunc->ntypes && !found->loop; i++) {
        int k = 0;
        while (k < ufunc->nargs && ufunc->types[i * ufunc->nargs + k] == DOUBLE) k++;
        if (k < ufunc->nargs) continue;
        found->loop = ufunc->functions[i];
        found->data = ufunc->data ? ufunc->data[i] : NULL;
    }
}

#define TAKE(name) tape->name = (void *)PyBytes_AsString(name)
#define COUNTED(name) (TAKE(name), tape->n_##name = PyBytes_Size(name) / (Size)sizeof(*tape->name))

/* A capsule of a tape, with the arguments that it was made of. The functions that ``ufuncs`` has a 1 for (all, if
   there is none) are numpy's. */
static PyObject *finished(Tape *tape, PyObject *args, PyObject *functions, const char *ufuncs, const char *arities) {
    Size count = PyTuple_Size(functions);
    Py_INCREF(tape->held = args);
    tape->functions = PyMem_Calloc(count + 1, sizeof(Function));
    if (!tape->functions) PyErr_NoMemory();
    for (Size k = 0; k < count && !PyErr_Occurred(); k++) {
        tape->functions[k] = (Function){NULL, NULL, PyTuple_GetItem(functions, k), arities[k]};
        if (ufuncs && !ufuncs[k]) continue;
        find_loop(tape->functions + k);
        if (!tape->functions[k].loop) PyErr_SetString(PyExc_ValueError, "no loop for float64");
    }
    PyObject *capsule = PyErr_Occurred() ? NULL : PyCapsule_New(tape, NAME, destroy);
    if (!capsule) forget(tape);
    return capsule;
}

/* tape(steps, functions, ufuncs, arities, constants, fills, results, inputs, columns, lines): a tape.
   ``steps`` are six int32 an instruction, ``results`` an int32 a column, ``constants`` and ``fills``
   (line, number) float64, all as bytes. */
static PyObject *make(PyObject *self, PyObject *args) {
    PyObject *steps, *functions, *ufuncs, *arities, *constants, *fills, *results;
    Tape *tape = PyMem_Calloc(1, sizeof(Tape));
    if (!tape) return PyErr_NoMemory();
    if (!PyArg_ParseTuple(args, "SO!SSSSSnnn", &steps, &PyTuple_Type, &functions, &ufuncs, &arities, &constants, &fills,
                          &results, &tape->n_inputs, &tape->n_columns, &tape->n_lines)) {
        forget(tape);
        return NULL;
    }
    COUNTED(steps), COUNTED(constants), COUNTED(fills), TAKE(results);
    int calls = memchr(PyBytes_AsString(ufuncs), 0, PyTuple_Size(functions)) != NULL;
    Size fits = (calls ? OUTER_CACHE : CACHE) / (8 * tape->n_lines + 8) / LANES * LANES, most = calls ? MANY : LARGEST;
    tape->block = fits < SMALLEST ? SMALLEST : fits > most ? most : fits;
    return finished(tape, args, functions, PyBytes_AsString(ufuncs), PyBytes_AsString(arities));
}

/* recorded(functions, arities, values, runs, edges, ways, singles, links, guards, indices, places, n_needed,
   n_values, inputs, outputs, cleared, nodes, longest, limit): a recording, to be swept. */
static PyObject *recorded(PyObject *self, PyObject *args) {
    PyObject *functions, *arities, *values, *runs, *edges, *ways, *singles, *links, *guards, *indices, *places;
    Tape *tape = PyMem_Calloc(1, sizeof(Tape));
    if (!tape) return PyErr_NoMemory();
    if (!PyArg_ParseTuple(args, "O!SSSSSSSSSSnnnnnnnd", &PyTuple_Type, &functions, &arities, &values, &runs, &edges,
                          &ways, &singles, &links, &guards, &indices, &places, &tape->n_needed, &tape->n_values,
                          &tape->n_inputs, &tape->n_columns, &tape->n_cleared, &tape->n_nodes, &tape->longest,
                          &tape->limit)) {
        forget(tape);
        return NULL;
    }
    COUNTED(runs), COUNTED(edges), COUNTED(ways), COUNTED(singles), COUNTED(links), COUNTED(guards);
    TAKE(indices), TAKE(places);
    tape->n_telling = PyBytes_Size(places) / (Size)sizeof(int32_t) - 2 * tape->n_inputs - tape->n_columns - tape->n_cleared;
    tape->in_order = 1;
    for (Size j = 0; j < 2 * tape->n_inputs; j++) tape->in_order &= tape->places[j] == j % tape->n_inputs;
#define LINES(n) (((n) + 7) / 8 * 8) /* of the cache: vectors are slower where one begins elsewhere than the others */
    Size count = PyBytes_Size(values) / (Size)sizeof(double), flows = LINES(count);
    Size gathered = flows + LINES(tape->n_nodes), row = gathered + LINES(3 * tape->longest);
    tape->values = PyMem_Calloc(row + tape->n_inputs + tape->n_columns + 1, sizeof(double));
    if (tape->values) memcpy(tape->values, PyBytes_AsString(values), count * sizeof(double));
    else PyErr_NoMemory();
    tape->flows = tape->values + flows, tape->gathered = tape->values + gathered, tape->row = tape->values + row;
    return finished(tape, args, functions, NULL, PyBytes_AsString(arities));
}

/* An answer at a point: values, or for each of ``count`` rows of seeds a row of slopes. Row k of these
   lies in row ``owners[k, j]`` of the result at column j; where there is no such row it is 0. */
typedef struct {
    PyObject *held, *shape;
    Tape *tape;
    Size count, size; /* size: of the result */
    int backwards, alone;
    const double *seeds;
    const int32_t *owners;
} Answer;

static PyObject *ndarray, *empty; /* numpy's */

static void destroy_answer(PyObject *capsule) {
    Answer *answer = PyCapsule_GetPointer(capsule, ANSWER);
    Py_DECREF(answer->held);
    PyMem_Free(answer);
}

/* The numbers of an array of so many float64 side by side, or NULL. */
static const double *plain(PyObject *object, Size count) {
    const Array *array = (const Array *)object;
    int side_by_side = SIDE_BY_SIDE | ALIGNED;
    if ((PyObject *)Py_TYPE(object) != ndarray || array->nd != 1 || *array->dimensions != count ||
        array->descr->type_num != DOUBLE || array->descr->byteorder != '=' ||
        (array->flags & side_by_side) != side_by_side) return NULL;
    return array->data;
}

/* Fills ``rows``; whether something is in doubt. */
static int fill(const Answer *answer, const double *x, const double *seeds, double *rows) {
    const Tape *tape = answer->tape;
    Size m = tape->n_columns, n = tape->n_inputs, given = answer->backwards ? m : n, made = answer->backwards ? n : m;
    const int32_t *ends = tape->places + 2 * n, *telling = ends + m + tape->n_cleared, *owner = answer->owners;
    for (Size j = 0; j < n; j++) tape->values[tape->in_order ? j : tape->places[j]] = x[j];
    run_runs(tape, 0, answer->count ? tape->n_needed : tape->n_values);
    run_singles(tape, answer->count > 0);
    if (!answer->count) {
        for (Size k = 0; k < m; k++) rows[k] = tape->values[ends[k]];
        return 0;
    }
    for (const Guard *guard = tape->guards, *end = guard + tape->n_guards; guard < end; guard++) {
        Place place = refer(tape->values, tape->indices, guard->numbers, guard->count, tape->gathered);
        Size count = place.step ? guard->count : 1;
        if (!(guard->positive ? all_positive_below : all_below)(count, place.at, tape->limit)) return 1;
    }
    int found = 0;
    for (Size k = 0; k < tape->n_telling; k++) found |= isnan(tape->values[telling[k]]);
    if (found) return 1;
    run_runs(tape, tape->n_values, tape->n_runs);
    if (owner) memset(rows, 0, answer->size * sizeof(double));
    for (Size k = 0; k < answer->count; k++, seeds += given) {
        double *row = owner ? tape->row : rows + k * made;
        if ((answer->backwards ? pull_back : push_forward)(tape, seeds, row, answer->alone)) return 1;
        for (Size j = 0; owner && j < made; j++, owner++)
            if (*owner >= 0) rows[answer->backwards ? *owner * n + j : j * n + *owner] = row[j];
    }
    return 0;
}

/* answer(x), or answer(x, seeds): an array, or None where something is in doubt, or where these are no
   float64 side by side, as many as are wanted. */
static PyObject *give_answer(PyObject *self, PyObject *const *args, Size given) {
    const Answer *answer = PyCapsule_GetPointer(self, ANSWER);
    const Tape *tape = answer->tape;
    int seeded = answer->count && !answer->seeds;
    const double *seeds = answer->seeds, *x = given == 1 + seeded ? plain(args[0], tape->n_inputs) : NULL;
    if (x && seeded) seeds = plain(args[1], answer->backwards ? tape->n_columns : tape->n_inputs);
    if (!x || (answer->count && !seeds)) Py_RETURN_NONE;
    PyObject *made = PyObject_Call(empty, answer->shape, NULL);
    if (!made || !fill(answer, x, seeds, ((Array *)made)->data)) return made;
    Py_DECREF(made);
    Py_RETURN_NONE;
}

static PyMethodDef answer_method = {"answer", (PyCFunction)(void (*)(void))give_answer, METH_FASTCALL, NULL};

/* answer(tape, shape, backwards, count, alone, seeds, owners): what answers. ``shape`` are the arguments for
   numpy.empty. */
static PyObject *make_answer(PyObject *self, PyObject *args) {
    PyObject *tape, *seeds, *owners, *capsule = NULL;
    Answer *answer = PyMem_Calloc(1, sizeof(Answer));
    if (!answer) return PyErr_NoMemory();
    if (PyArg_ParseTuple(args, "OO!npnpSS", &tape, &PyTuple_Type, &answer->shape, &answer->size, &answer->backwards,
                         &answer->count, &answer->alone, &seeds, &owners) &&
        (answer->tape = PyCapsule_GetPointer(tape, NAME))) capsule = PyCapsule_New(answer, ANSWER, destroy_answer);
    if (!capsule) { PyMem_Free(answer); return NULL; }
    Py_INCREF(answer->held = args);
    if (PyBytes_Size(seeds)) answer->seeds = (const double *)PyBytes_AsString(seeds);
    if (PyBytes_Size(owners)) answer->owners = (const int32_t *)PyBytes_AsString(owners);
    PyObject *function = PyCFunction_New(&answer_method, capsule);
    Py_DECREF(capsule);
    return function;
}

/* points(tape, x, rows, below, workers, hurry): fill the rows of results; None, or a byte for each row, 1 where it
   is suspect. ``x`` and ``rows`` are arrays of float64 side by side. */
static PyObject *points(PyObject *self, PyObject *const *args, Size given) {
    const Tape *tape = PyCapsule_GetPointer(args[0], NAME);
    if (!tape) return NULL;
    const Array *x = (const Array *)args[1], *rows = (const Array *)args[2];
    Job job;
    memset(&job, 0, offsetof(Job, shares));
    job.tape = tape, job.points = x->data, job.rows = rows->data, job.count = *x->dimensions;
    job.below = PyFloat_AsDouble(args[3]);
    Size workers = PyLong_AsSsize_t(args[4]);
    int hurry = PyObject_IsTrue(args[5]);
    if (PyErr_Occurred()) return NULL;
    job.blocks = job.count / tape->block + (job.count % tape->block >= LANES);
    job.suspects = PyMem_Calloc(job.count + 1, 1);
    if (!job.suspects) return PyErr_NoMemory();
    if (workers > job.blocks) workers = job.blocks;
    job.n_shares = workers < 1 ? 1 : workers > MOST ? MOST : (int)workers;
    for (int k = 0; k < job.n_shares; k++) {
        job.shares[k].next = k * job.blocks / job.n_shares;
        job.shares[k].end = (k + 1) * job.blocks / job.n_shares;
    }
    PyThreadState *thread = PyEval_SaveThread();
    run_job(&job, hurry);
    PyEval_RestoreThread(thread);
    PyObject *found = NULL;
    if (job.error[0]) PyErr_Restore(job.error[0], job.error[1], job.error[2]);
    else if (job.found) found = PyBytes_FromStringAndSize(job.suspects, job.count);
    else Py_INCREF(found = Py_None);
    PyMem_Free(job.suspects);
    return found;
}

/* A child has none of its parent's threads. */
static PyObject *forget_helpers(PyObject *self, PyObject *nothing) {
    n_helpers = is_open = inside = busy = 0;
    Py_RETURN_NONE;
}

/* arrays(sample, empty): takes numpy's ``empty``; whether an array of shape (2, 3) is what it should be. */
static PyObject *take_arrays(PyObject *self, PyObject *args) {
    PyObject *sample;
    Py_buffer buffer;
    if (!PyArg_ParseTuple(args, "OO", &sample, &empty) || PyObject_GetBuffer(sample, &buffer, PyBUF_WRITABLE)) return NULL;
    const Array *array = (const Array *)sample;
    Py_INCREF(empty);
    ndarray = (PyObject *)Py_TYPE(sample);
    Py_INCREF(ndarray);
    int known = array->data == buffer.buf && array->nd == 2 && array->dimensions[0] == 2 && array->dimensions[1] == 3 &&
                array->descr->type_num == DOUBLE && array->descr->byteorder == '=' &&
                array->flags % (2 * SIDE_BY_SIDE) && array->flags & ALIGNED;
    PyBuffer_Release(&buffer);
    return PyBool_FromLong(known);
}

static PyMethodDef methods[] = {
    {"tape", make, METH_VARARGS, "A tape, of instructions that were checked."},
    {"points", (PyCFunction)(void (*)(void))points, METH_FASTCALL, "Run a tape at many points."},
    {"forget_helpers", forget_helpers, METH_NOARGS, "In a child: start threads anew."},
    {"recorded", recorded, METH_VARARGS, "A recording, of instructions that were checked."},
    {"answer", make_answer, METH_VARARGS, "What answers at one point, by a recording."},
    {"arrays", take_arrays, METH_VARARGS, "Whether numpy's arrays are as they are thought to be here."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_kernel", "The tape's interpreter in C.", 0, methods, NULL, NULL, NULL, NULL,
};

/* Of the source it was compiled from. */
#ifndef SOURCE
#define SOURCE 0
#endif

PyMODINIT_FUNC PyInit__kernel(void) {
    PyObject *made = PyModule_Create(&module);
    if (made && PyModule_AddIntConstant(made, "source", SOURCE) < 0) Py_CLEAR(made);
    return made;
}
