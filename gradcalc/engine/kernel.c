/* The tape's interpreter in C: numpy's own inner loops, and plain arithmetic between them.

A tape is a list of instructions between places. A place is a column of the points or of the
results, a register, or a constant. The points are taken in blocks, so short that all registers of a
block stay in the first cache; an instruction is a loop over a block. What numpy has a loop for is
done by that loop, which its ufunc's table names: the numbers are numpy's to the last bit. Sums,
products and comparisons are written out here, for IEEE's arithmetic leaves no choice.

Nothing here checks a tape: ``engine/kernel.py`` does, before it is handed over. */

#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__) && defined(__x86_64__) && defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
/* Vectors of whatever width the processor has: elementwise, they change no bit. */
#define WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define WIDE
#endif

typedef Py_ssize_t Size;
typedef void (*Loop)(char **operands, const Size *count, const Size *strides, void *data);

/* The head of numpy's PyUFuncObject, a public structure that does not change. */
typedef struct {
    PyObject_HEAD
    int nin, nout, nargs, identity;
    Loop *functions;
    void *const *data;
    int ntypes, reserved;
    const char *name, *types;
} UFunc;

enum { DOUBLE = 12 }; /* numpy's number of float64 among the types of a loop */

/* In the order of ``OPERATIONS`` in engine/kernel.py. */
enum { COPY, ADD, SUB, MUL, DIV, NEG, SQUARE, ABS, SQRT, EQ, NE, LT, LE, GT, GE,
       AND, OR, NOT, WHERE, LOOK, LOOP, CALL, COS };

typedef struct { int32_t op, function, in[3], out; } Step;
typedef struct { double column, number; } Fill;

/* Of a recording. A reference is a first place and a stride, or where its places begin among the
   indices. The results of a run lie side by side. */
typedef struct { int32_t first, stride, indices; } Reference;
typedef struct { int32_t op, function, count, out; Reference in[3]; } Run;
typedef struct { int32_t count, node; Reference operand, slope; } Edge;
typedef struct { int32_t place, edges; } End; /* an output, and the edges that are not above it */

typedef struct {
    Size n_steps, n_inputs, n_columns, n_registers, n_constants, n_fills, n_functions, block;
    Step *steps;
    Size n_runs, n_nodes, n_values, n_edges, longest; /* of a recording: see below */
    Run *runs;
    Edge *edges;
    int32_t *indices;
    End *ends;
    double *flows, *gathered;
    Fill *fills; /* the columns that are the same at every point */
    double *constants, *values; /* values: of every place of a recording */
    Loop *loops;
    void **data;
    int *arity;
    PyObject **functions;
} Tape;

/* No block is shorter than LANES: numpy's vector code treats one number otherwise than several. */
enum { LANES = 8, SMALLEST = 64, LARGEST = 1024, CACHE = 36 * 1024 };
/* Blocks of a tape that calls functions of Python: a call costs as much as hundreds of numbers. */
enum { MANY = 8192, OUTER_CACHE = 1024 * 1024 };

typedef struct { char *at; Size stride; } Place;

/* --- loops --------------------------------------------------------------------------------- */

#define EACH(expression) for (Size i = 0; i < n; i++) { expression; }
#define X(k) (*(const double *)(x + (k) * xs))
#define Y(k) (*(const double *)(y + (k) * ys))
#define Z(k) (*(const double *)(z + (k) * zs))
#define OUT(k) (*(double *)(out + (k) * os))

/* What is side by side, or one number for all, is a loop that a compiler makes vectors of. */
#define UNARY(name, value)                                                              \
    WIDE static void name(Size n, const char *x, Size xs, char *out, Size os) {         \
        if (xs == 8 && os == 8) {                                                       \
            const double *p = (const double *)x; double *r = (double *)out;             \
            EACH(double a = p[i]; r[i] = (value))                                       \
        } else EACH(double a = X(i); OUT(i) = (value))                                  \
    }
#define BINARY(name, value)                                                             \
    WIDE static void name(Size n, const char *x, Size xs, const char *y, Size ys, char *out, Size os) { \
        const double *p = (const double *)x, *q = (const double *)y; double *r = (double *)out; \
        if (xs == 8 && ys == 8 && os == 8) EACH(double a = p[i]; double b = q[i]; r[i] = (value)) \
        else if (xs == 0 && ys == 8 && os == 8) { double a = *p; EACH(double b = q[i]; r[i] = (value)) } \
        else if (xs == 8 && ys == 0 && os == 8) { double b = *q; EACH(double a = p[i]; r[i] = (value)) } \
        else EACH(double a = X(i); double b = Y(i); OUT(i) = (value))                   \
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

WIDE static void choose(Size n, const char *x, Size xs, const char *y, Size ys, const char *z, Size zs,
                        char *out, Size os) {
    if (xs == 8 && ys == 8 && zs == 8 && os == 8) {
        const double *p = (const double *)x, *q = (const double *)y, *s = (const double *)z;
        double *r = (double *)out;
        EACH(double a = q[i]; double b = s[i]; r[i] = p[i] != 0 ? a : b)
    } else EACH(double condition = X(i); OUT(i) = condition != 0 ? Y(i) : Z(i))
}

WIDE static int all_finite(Size n, const double *x) {
    double sum = 0; /* a finite number times 0 is 0 */
    EACH(sum += x[i] * 0.0)
    return sum == 0;
}

static int look(Size n, Place place, char *suspects) {
    if (place.stride == 8 && all_finite(n, (const double *)place.at)) return 0;
    const char *x = place.at; Size xs = place.stride; int found = 0;
    EACH(if (!isfinite(X(i))) { found = 1; suspects[i] = 1; })
    return found;
}

/* --- the cosine by way of the tangent, as in functions/sines.py ----------------------------- */

static double alone(Loop loop, void *data, double x) {
    static const Size n = LANES, strides[2] = {8, 8};
    double lanes[2][LANES];
    char *operands[2] = {(char *)lanes[0], (char *)lanes[1]};
    for (int i = 0; i < LANES; i++) lanes[0][i] = x;
    loop(operands, &n, strides, data);
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

/* ``x`` lies side by side and is not where ``out`` is. */
static void cosine(const Loop *loop, void *const *data, Size n, Place x, Place out) {
    enum { TAN = -1, PLAIN = 0, ROOM = 512 };
    const double *angles = (const double *)x.at;
    static const Size strides[2] = {8, 8};
    for (Size first = 0; first < n; first += ROOM) {
        double t[ROOM], rest[ROOM];
        Size some = n - first < ROOM ? n - first : ROOM;
        const double *here = angles + first;
        before_tangent(some, here, t, rest);
        for (Size i = some; i < LANES; i++) t[i] = t[0];
        Size count = some < LANES ? LANES : some;
        char *operands[2] = {(char *)t, (char *)t};
        loop[TAN](operands, &count, strides, data[TAN]);
        after_tangent(some, t, rest);
        for (Size i = 0; i < some; i++) {
            double cos = t[i], angle = here[i];
            if (!(fabs(angle) < 67108864.0)) {
                double tangent = alone(loop[TAN], data[TAN], angle);
                double sign = alone(loop[TAN], data[TAN], angle * 0.5) * tangent;
                cos = copysign(1.0 / sqrt(tangent * tangent + 1.0), sign);
            } else if (fabs(cos) < 0x1p-20)
                cos = alone(loop[PLAIN], data[PLAIN], angle);
            *(double *)(out.at + (first + i) * out.stride) = cos;
        }
    }
}

/* --- a function of Python: gammas and their like ------------------------------------------- */

static PyObject *as_argument(Place place, Size n, int flags) {
    if (place.stride == 0) return PyFloat_FromDouble(*(double *)place.at);
    return PyMemoryView_FromMemory(place.at, n * 8, flags);
}

static int call(PyObject *function, int arity, const Step *step, const Place *places, Size n) {
    PyGILState_STATE state = PyGILState_Ensure();
    int done = 0;
    PyObject *arguments = PyTuple_New(arity + 1);
    for (int k = 0; arguments && k <= arity; k++) {
        int place = k < arity ? step->in[k] : step->out;
        PyObject *view = as_argument(places[place], n, k < arity ? PyBUF_READ : PyBUF_WRITE);
        if (!view) { Py_CLEAR(arguments); break; }
        PyTuple_SetItem(arguments, k, view);
    }
    if (arguments) {
        PyObject *result = PyObject_Call(function, arguments, NULL);
        done = result != NULL;
        Py_XDECREF(result);
        Py_DECREF(arguments);
    }
    PyGILState_Release(state);
    return done;
}

/* --- a block ------------------------------------------------------------------------------- */

/* One instruction on n numbers. */
static int apply(const Tape *tape, int op, int function, Size n, Place a, Place b, Place c, Place out,
                 char *suspects) {
#define ONE(name) name(n, a.at, a.stride, out.at, out.stride); break
#define TWO(name) name(n, a.at, a.stride, b.at, b.stride, out.at, out.stride); break
    switch (op) {
    case COPY: ONE(copy);
    case ADD: TWO(add);
    case SUB: TWO(subtract);
    case MUL: TWO(multiply);
    case DIV: TWO(divide);
    case NEG: ONE(negative);
    case SQUARE: ONE(square);
    case ABS: ONE(absolute);
    case SQRT: ONE(root);
    case EQ: TWO(equal);
    case NE: TWO(not_equal);
    case LT: TWO(less);
    case LE: TWO(less_equal);
    case GT: TWO(greater);
    case GE: TWO(greater_equal);
    case AND: TWO(conjunction);
    case OR: TWO(disjunction);
    case NOT: ONE(negation);
    case WHERE: choose(n, a.at, a.stride, b.at, b.stride, c.at, c.stride, out.at, out.stride); break;
    case LOOK: return look(n, a, suspects);
    case LOOP: {
        int arity = tape->arity[function];
        char *operands[4] = {a.at, b.at, c.at, NULL};
        Size strides[4] = {a.stride, b.stride, c.stride, 0};
        operands[arity] = out.at;
        strides[arity] = out.stride;
        tape->loops[function](operands, &n, strides, tape->data[function]);
        break;
    }
    case COS: cosine(tape->loops + function, tape->data + function, n, a, out); break;
    }
    return 0;
}

static int run_block(const Tape *tape, const Place *places, Size n, char *suspects) {
    int found = 0;
    for (const Step *step = tape->steps, *end = step + tape->n_steps; step < end; step++) {
        const Place *in[3] = {places + step->in[0], places + step->in[1], places + step->in[2]};
        if (step->op == CALL) {
            if (!call(tape->functions[step->function], tape->arity[step->function], step, places, n))
                return -1;
        } else
            found |= apply(tape, step->op, step->function, n, *in[0], *in[1], *in[2],
                           places[step->out], suspects);
    }
    return found;
}

static Size n_places(const Tape *tape) {
    return tape->n_inputs + tape->n_columns + tape->n_registers + tape->n_constants;
}

/* The registers in ``memory``, ``room`` numbers each, behind them as many rows of results, and the
   constants. Rows are put together here and leave in one go: what is written is written in order. */
static void furnish(const Tape *tape, Place *places, double *memory, Size room) {
    double *rows = memory + tape->n_registers * room;
    for (Size k = 0; k < tape->n_fills; k++)
        for (Size i = 0; i < room; i++)
            rows[i * tape->n_columns + (Size)tape->fills[k].column] = tape->fills[k].number;
    Place *place = places + tape->n_inputs + tape->n_columns;
    for (Size k = 0; k < tape->n_registers; k++) *place++ = (Place){(char *)(memory + k * room), 8};
    for (Size k = 0; k < tape->n_constants; k++) *place++ = (Place){(char *)(tape->constants + k), 0};
}

/* Points from start to stop. The last block may share rows with the one before it: none is shorter
   than LANES. */
static int run_points(const Tape *tape, const double *points, double *rows, char *suspects,
                      Size start, Size stop, double below) {
    Size block = tape->block, n_inputs = tape->n_inputs, n_columns = tape->n_columns;
    double *memory = malloc(((tape->n_registers + n_columns) * block + 1) * sizeof(double));
    Place *places = malloc(n_places(tape) * sizeof(Place));
    int found = memory && places ? 0 : -2;
    double *made = memory + tape->n_registers * block;
    if (found == 0) furnish(tape, places, memory, block);
    for (Size first = start; found >= 0 && first < stop; first += block) {
        Size n = stop - first < block ? stop - first : block;
        if (n < LANES) { first = stop - LANES; n = LANES; }
        for (Size j = 0; j < n_inputs; j++)
            places[j] = (Place){(char *)(points + first * n_inputs + j), n_inputs * 8};
        for (Size j = 0; j < n_columns; j++)
            places[n_inputs + j] = (Place){(char *)(made + j), n_columns * 8};
        for (Size i = 0; i < n; i++) {
            const double *x = points + (first + i) * n_inputs;
            int small = 1;
            for (Size j = 0; j < n_inputs; j++) small &= fabs(x[j]) < below;
            if (!small) { found = 1; suspects[first - start + i] = 1; }
        }
        int odd = run_block(tape, places, n, suspects + first - start);
        found = odd < 0 ? odd : found | odd;
        memcpy(rows + first * n_columns, made, n * n_columns * sizeof(double));
    }
    free(memory);
    free(places);
    return found;
}

/* --- one point: a recording ---------------------------------------------------------------- */

/* The places are those of the nodes, then of constants, slopes and steps. The first ``n_values`` runs
   make the values, the others the slopes. Edges lead from the nodes of a run to their operands, with
   the places of the slopes; they are in the order of their nodes. */

static Place refer(const Tape *tape, Reference to, Size n, double *room) {
    if (to.indices < 0) return (Place){(char *)(tape->values + to.first), to.stride * 8};
    const int32_t *index = tape->indices + to.indices;
    EACH(room[i] = tape->values[index[i]])
    return (Place){(char *)room, 8};
}

static void run_runs(const Tape *tape, Size from, Size to) {
    double *values = tape->values, *room = tape->gathered;
    for (const Run *run = tape->runs + from, *end = tape->runs + to; run < end; run++) {
        if (run->count == 1 && run->op < LOOK) { /* deep graphs are made of these */
            double a = values[run->in[0].first], b = values[run->in[1].first], *out = values + run->out;
            switch (run->op) {
            case COPY: *out = a; continue;
            case ADD: *out = a + b; continue;
            case SUB: *out = a - b; continue;
            case MUL: *out = a * b; continue;
            case DIV: *out = a / b; continue;
            case NEG: *out = -a; continue;
            case SQUARE: *out = a * a; continue;
            case SQRT: *out = sqrt(a); continue;
            }
        }
        Size n = run->count;
        Place a = refer(tape, run->in[0], n, room), b = refer(tape, run->in[1], n, room + tape->longest);
        Place c = refer(tape, run->in[2], n, room + 2 * tape->longest);
        apply(tape, run->op, run->function, n, a, b, c, (Place){(char *)(values + run->out), 8}, NULL);
    }
}

#define PLACE(reference, i) \
    ((reference).indices < 0 ? (reference).first + (i) * (Size)(reference).stride \
                             : tape->indices[(reference).indices + (i)])

WIDE static void add_products(Size n, double *restrict to, const double *restrict flows, const double *restrict slopes) {
    EACH(to[i] += flows[i] * slopes[i])
}

static int pull_back(const Tape *tape, const double *seeds, double *row, Size n_outputs) {
    double *flows = tape->flows;
    Size start = 0;
    memset(flows, 0, tape->n_nodes * sizeof(double));
    for (Size k = 0; k < n_outputs; k++)
        if (seeds[k] != 0) {
            flows[tape->ends[k].place] += seeds[k];
            if (tape->ends[k].edges > start) start = tape->ends[k].edges;
        }
    for (const Edge *edge = tape->edges + start; edge-- > tape->edges;) {
        Size n = edge->count;
        const double *from = flows + edge->node, *slopes = tape->values;
        Reference to = edge->operand, slope = edge->slope;
        if (n > 8 && to.indices < 0 && to.stride == 1 && slope.indices < 0 && slope.stride == 1)
            add_products(n, flows + to.first, from, slopes + slope.first);
        else if (to.indices < 0 && slope.indices < 0)
            EACH(flows[to.first + i * to.stride] += from[i] * slopes[slope.first + i * slope.stride])
        else
            EACH(flows[PLACE(to, i)] += from[i] * slopes[PLACE(slope, i)])
    }
    memcpy(row, flows, tape->n_inputs * sizeof(double));
    return !all_finite(tape->n_inputs, row);
}

static int push_forward(const Tape *tape, const double *seeds, double *row, Size n_outputs) {
    double *flows = tape->flows;
    memset(flows, 0, tape->n_nodes * sizeof(double));
    memcpy(flows, seeds, tape->n_inputs * sizeof(double));
    for (const Edge *edge = tape->edges, *end = edge + tape->n_edges; edge < end; edge++) {
        Size n = edge->count;
        EACH(flows[edge->node + i] += flows[PLACE(edge->operand, i)] * tape->values[PLACE(edge->slope, i)])
    }
    for (Size k = 0; k < n_outputs; k++) row[k] = flows[tape->ends[k].place];
    return !all_finite(n_outputs, row);
}

/* --- Python's side ------------------------------------------------------------------------- */

static const char NAME[] = "gradcalc.engine.tape";

static void forget(Tape *tape) {
    for (Size k = 0; tape->functions && k < tape->n_functions; k++) Py_XDECREF(tape->functions[k]);
    PyMem_Free(tape->steps);
    PyMem_Free(tape->runs);
    PyMem_Free(tape->edges);
    PyMem_Free(tape->indices);
    PyMem_Free(tape->gathered);
    PyMem_Free(tape->ends);
    PyMem_Free(tape->flows);
    PyMem_Free(tape->fills);
    PyMem_Free(tape->constants);
    PyMem_Free(tape->values);
    PyMem_Free(tape->loops);
    PyMem_Free(tape->data);
    PyMem_Free(tape->arity);
    PyMem_Free(tape->functions);
    PyMem_Free(tape);
}

static void destroy(PyObject *capsule) { forget(PyCapsule_GetPointer(capsule, NAME)); }

/* numpy's loop from float64 to float64, or none. */
static Loop find_loop(PyObject *function, void **data) {
    const UFunc *ufunc = (const UFunc *)function;
    for (int i = 0; i < ufunc->ntypes; i++) {
        int k = 0;
        while (k < ufunc->nargs && ufunc->types[i * ufunc->nargs + k] == DOUBLE) k++;
        if (k == ufunc->nargs) { *data = ufunc->data ? ufunc->data[i] : NULL; return ufunc->functions[i]; }
    }
    return NULL;
}

static void *copied(PyObject *bytes) {
    Size size = PyBytes_Size(bytes);
    void *copy = size < 0 ? NULL : PyMem_Malloc(size + 1);
    if (copy) memcpy(copy, PyBytes_AsString(bytes), size);
    return copy;
}

/* Those that ``ufuncs`` has a 1 for (all, if there is none) are numpy's. */
static int take_functions(Tape *tape, PyObject *functions, const char *ufuncs, const char *arities) {
    Size count = PyTuple_Size(functions);
    tape->loops = PyMem_Calloc(count + 1, sizeof(Loop));
    tape->data = PyMem_Calloc(count + 1, sizeof(void *));
    tape->arity = PyMem_Calloc(count + 1, sizeof(int));
    tape->functions = PyMem_Calloc(count + 1, sizeof(PyObject *));
    if (!tape->loops || !tape->data || !tape->arity || !tape->functions) return PyErr_NoMemory() != NULL;
    for (Size k = 0; k < count; k++) {
        tape->functions[k] = PyTuple_GetItem(functions, k);
        Py_INCREF(tape->functions[k]);
        tape->n_functions = k + 1;
        tape->arity[k] = arities[k];
        if (ufuncs && !ufuncs[k]) continue;
        tape->loops[k] = find_loop(tape->functions[k], &tape->data[k]);
        if (!tape->loops[k]) { PyErr_SetString(PyExc_ValueError, "no loop for float64"); return 0; }
    }
    return 1;
}

/* tape(steps, functions, ufuncs, arities, constants, fills, inputs, columns, registers): a tape.
   ``steps`` are six int32 an instruction, ``constants`` and ``fills`` (column,
   number) float64, all as bytes. */
static PyObject *make(PyObject *self, PyObject *args) {
    PyObject *steps, *functions, *ufuncs, *arities, *constants, *fills;
    Tape *tape = PyMem_Calloc(1, sizeof(Tape));
    if (!tape) return PyErr_NoMemory();
    if (!PyArg_ParseTuple(args, "SO!SSSSnnn", &steps, &PyTuple_Type, &functions, &ufuncs, &arities, &constants, &fills,
                          &tape->n_inputs, &tape->n_columns, &tape->n_registers)) goto failed;
    tape->n_steps = PyBytes_Size(steps) / (Size)sizeof(Step);
    tape->n_constants = PyBytes_Size(constants) / (Size)sizeof(double);
    Size count = PyTuple_Size(functions);
    int calls = memchr(PyBytes_AsString(ufuncs), 0, count) != NULL;
    Size width = 8 * (tape->n_registers + tape->n_columns + tape->n_inputs);
    Size fits = (calls ? OUTER_CACHE : CACHE) / (width + 8) / LANES * LANES, most = calls ? MANY : LARGEST;
    tape->block = fits < SMALLEST ? SMALLEST : fits > most ? most : fits;
    tape->steps = copied(steps);
    tape->constants = copied(constants);
    tape->fills = copied(fills);
    tape->n_fills = PyBytes_Size(fills) / (Size)sizeof(Fill);
    if (!tape->steps || !tape->constants || !tape->fills) { PyErr_NoMemory(); goto failed; }
    if (!take_functions(tape, functions, PyBytes_AsString(ufuncs), PyBytes_AsString(arities))) goto failed;
    PyObject *capsule = PyCapsule_New(tape, NAME, destroy);
    if (capsule) return capsule;
failed:
    forget(tape);
    return NULL;
}

/* recorded(runs, functions, arities, values, edges, indices, ends, n_values, inputs, nodes, longest):
   a recording, to be swept. */
static PyObject *recorded(PyObject *self, PyObject *args) {
    PyObject *runs, *functions, *arities, *values, *edges, *indices, *ends;
    Tape *tape = PyMem_Calloc(1, sizeof(Tape));
    if (!tape) return PyErr_NoMemory();
    if (!PyArg_ParseTuple(args, "SO!SSSSSnnnn", &runs, &PyTuple_Type, &functions, &arities, &values, &edges,
                          &indices, &ends, &tape->n_values, &tape->n_inputs, &tape->n_nodes, &tape->longest))
        goto failed;
    tape->n_runs = PyBytes_Size(runs) / (Size)sizeof(Run);
    tape->n_edges = PyBytes_Size(edges) / (Size)sizeof(Edge);
    tape->n_columns = PyBytes_Size(ends) / (Size)sizeof(End);
    tape->runs = copied(runs);
    tape->values = copied(values);
    tape->edges = copied(edges);
    tape->indices = copied(indices);
    tape->ends = copied(ends);
    tape->flows = PyMem_Calloc(tape->n_nodes + 1, sizeof(double));
    tape->gathered = PyMem_Calloc(3 * tape->longest + 1, sizeof(double));
    if (!tape->runs || !tape->values || !tape->edges || !tape->indices || !tape->ends || !tape->flows
        || !tape->gathered) { PyErr_NoMemory(); goto failed; }
    if (!take_functions(tape, functions, NULL, PyBytes_AsString(arities))) goto failed;
    PyObject *capsule = PyCapsule_New(tape, NAME, destroy);
    if (capsule) return capsule;
failed:
    forget(tape);
    return NULL;
}

/* sweep(tape, x, seeds, count, rows, backwards): a row of results for each of count rows of seeds,
   or the values if there are none; whether something in them, or any value, is not finite. */
static PyObject *sweep(PyObject *self, PyObject *args) {
    PyObject *capsule;
    Py_buffer x, seeds, rows;
    Size count;
    int backwards, found = -1;
    if (!PyArg_ParseTuple(args, "Oy*y*nw*p", &capsule, &x, &seeds, &count, &rows, &backwards)) return NULL;
    Tape *tape = PyCapsule_GetPointer(capsule, NAME);
    if (tape) {
        Size m = tape->n_columns, n = tape->n_inputs, given = backwards ? m : n, made = backwards ? n : m;
        const double *seed = seeds.buf;
        double *row = rows.buf;
        memcpy(tape->values, x.buf, n * sizeof(double));
        run_runs(tape, 0, tape->n_values);
        found = !all_finite(tape->n_nodes, tape->values);
        if (!count) for (Size k = 0; k < m; k++) row[k] = tape->values[tape->ends[k].place];
        else if (!found) run_runs(tape, tape->n_values, tape->n_runs);
        for (Size k = 0; !found && k < count; k++, seed += given, row += made)
            found = (backwards ? pull_back : push_forward)(tape, seed, row, m);
    }
    PyBuffer_Release(&x);
    PyBuffer_Release(&seeds);
    PyBuffer_Release(&rows);
    return found < 0 ? NULL : PyBool_FromLong(found);
}

/* points(tape, x, rows, suspects, start, stop, below): fill the rows of results from start to stop,
   and mark the suspects among them; whether there are any. */
static PyObject *points(PyObject *self, PyObject *args) {
    PyObject *capsule;
    Py_buffer x, rows, suspects;
    Size start, stop;
    double below;
    if (!PyArg_ParseTuple(args, "Oy*w*w*nnd", &capsule, &x, &rows, &suspects, &start, &stop, &below))
        return NULL;
    const Tape *tape = PyCapsule_GetPointer(capsule, NAME);
    int found = -1;
    if (tape) {
        PyThreadState *thread = PyEval_SaveThread();
        found = run_points(tape, x.buf, rows.buf, suspects.buf, start, stop, below);
        PyEval_RestoreThread(thread);
        if (found == -2) PyErr_NoMemory();
    }
    PyBuffer_Release(&x);
    PyBuffer_Release(&rows);
    PyBuffer_Release(&suspects);
    return found < 0 ? NULL : PyBool_FromLong(found);
}

static PyMethodDef methods[] = {
    {"tape", make, METH_VARARGS, "A tape, of instructions that were checked."},
    {"points", points, METH_VARARGS, "Run a tape at points from start to stop."},
    {"recorded", recorded, METH_VARARGS, "A recording, of instructions that were checked."},
    {"sweep", sweep, METH_VARARGS, "Run a recording at one point, and sweep over it."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_kernel", "The tape's interpreter in C.", 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModule_Create(&module); }
