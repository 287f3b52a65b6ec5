/* What every kernel text may use, on both devices. After it come the factories' texts.
 *
 * On the host a `real` is a vector of BUFFERS_LANES lanes, one run in each; on CUDA, and on the host
 * with one lane, it is a scalar, and all below has its plain meaning.
 *
 * A `mask` is what comparing reals gives, lane by lane. Masks are combined with AND, OR and NOT, and
 * used by SELECT, ANY, ALL and SCATTER only: `if`, `?:`, `&&`, `||` and `!` do not take a vector.
 *
 * Floating point is written, not guessed: no compiler may contract, so a product is fused with a
 * sum where the text says FMA and nowhere else, and bits depend on the text alone. */

/* ---- Functions and loops ---- */

#if defined(BUFFERS_SANITIZER)
/* Each function is compiled once: with checks, copies of it would take minutes. */
#define INLINE BUFFERS_ONCE
#define OUTLINE INLINE
#define SEPARATE INLINE
#define UNROLL
#elif defined(BUFFERS_CUDA)
#define INLINE static __device__ __forceinline__
#define OUTLINE INLINE
#define SEPARATE static __device__ __noinline__
#define UNROLL _Pragma("unroll")
#else
#define INLINE static inline __attribute__((always_inline, unused))
/* Loops over lanes that no step runs through: compiled once, they cost a third of the time. */
#define OUTLINE static __attribute__((noinline, unused))
/* What is so long that it is compiled once on any device. */
#define SEPARATE OUTLINE
#if defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#endif

#if defined(BUFFERS_HOST) && BUFFERS_LANES > 1 && defined(__SSE__)
#include <immintrin.h>
#elif defined(BUFFERS_HOST) && defined(__SSE__)
#include <xmmintrin.h>
#endif

/* The sanitizer build is C++, in which functions that others find by name are those of C. */
#if defined(__cplusplus)
#define C_FUNCTION extern "C"
#else
#define C_FUNCTION
#endif

/* `AT(lanes, run, step)` tells the sanitizer which lanes hold a run, which, and at which of its steps. */
#if !defined(AT)
#define AT(lanes, run, step)
#endif

/* ---- Literals ---- */

#if REAL_BITS == 32
#define SCALAR(x) x##f
#else
#define SCALAR(x) x
#endif

#if BUFFERS_LANES > 1
typedef integer mask;
/* Subtracting zero keeps every bit, the sign of a zero included. */
#define SPLAT(x) ((x) - (real){0})
/* The sign makes a number of an enumerator, as C++ wants it. */
#define INTEGER(x) (+(x) - (integer){0})
#define TO_REAL(i) __builtin_convertvector(i, real)
#define LANE(v, lane) ((v)[lane])
#else
typedef int mask;
#define SPLAT(x) ((real)(x))
#define INTEGER(x) ((integer)(x))
#define TO_REAL(i) ((real)(i))
#define LANE(v, lane) (v)
#endif

#define REAL(x) SPLAT(SCALAR(x))

/* The distance from 1 to the next real. */
#if REAL_BITS == 32
#define EPSILON REAL(1.1920928955078125e-07)
#else
#define EPSILON REAL(2.220446049250313e-16)
#endif

/* ---- Masks ---- */

#if BUFFERS_LANES > 1
#define LT(a, b) ((mask)((a) < (b)))
#define LE(a, b) ((mask)((a) <= (b)))
#define EQ(a, b) ((mask)((a) == (b)))
#define NE(a, b) ((mask)((a) != (b)))
#define AND(a, b) ((mask)(a) & (mask)(b))
#define OR(a, b) ((mask)(a) | (mask)(b))
#define NOT(a) ((mask)((mask)(a) == 0))
#define NO_LANES INTEGER(0)
#define ALL_LANES INTEGER(-1)

INLINE real SELECT(mask lanes, real chosen, real other)
{
    return (real)((lanes & (mask)chosen) | (NOT(lanes) & (mask)other));
}

INLINE integer SELECT_INTEGER(mask lanes, integer chosen, integer other)
{
    return (lanes & chosen) | (NOT(lanes) & other);
}

INLINE int ANY(mask lanes)
{
    integer_scalar any = 0;
    for (int lane = 0; lane < BUFFERS_LANES; lane++)
        any |= lanes[lane];
    return any != 0;
}
#else
#define LT(a, b) ((a) < (b))
#define LE(a, b) ((a) <= (b))
#define EQ(a, b) ((a) == (b))
#define NE(a, b) ((a) != (b))
#define AND(a, b) ((a) & (b))
#define OR(a, b) ((a) | (b))
#define NOT(a) (!(a))
#define NO_LANES 0
#define ALL_LANES 1
#define SELECT(lanes, chosen, other) ((lanes) ? (chosen) : (other))
#define SELECT_INTEGER(lanes, chosen, other) ((lanes) ? (chosen) : (other))
#define ANY(lanes) (lanes)
#endif

#define ALL(lanes) (!ANY(NOT(lanes)))
/* Sets what is in a buffer on some lanes. Where there is one lane nothing else is read: a value from
 * one of two places would come from an address of its own, in a bank that other threads ask for, too. */
#if BUFFERS_LANES > 1
#define ASSIGN(lanes, target, value) ((target) = SELECT(lanes, value, target))
#else
#define ASSIGN(lanes, target, value)                                                               \
    do {                                                                                           \
        if (lanes)                                                                                 \
            (target) = (value);                                                                    \
    } while (0)
#endif
#define FINITE(x) EQ((x) - (x), REAL(0.0))
/* For values that read nothing of each other's lanes: both are computed. */
#define SELECT_LESS(a, b, chosen, other) SELECT(LT(a, b), chosen, other)

/* ---- Functions of reals ---- */

/* The result of one scalar function in every lane. */
#if BUFFERS_LANES > 1
#define EACH_LANE1(name, function)                                                                 \
    INLINE real name(real x)                                                                       \
    {                                                                                              \
        real result;                                                                               \
        for (int lane = 0; lane < BUFFERS_LANES; lane++)                                           \
            result[lane] = function(x[lane]);                                                      \
        return result;                                                                             \
    }
#define EACH_LANE2(name, function)                                                                 \
    INLINE real name(real x, real y)                                                               \
    {                                                                                              \
        real result;                                                                               \
        for (int lane = 0; lane < BUFFERS_LANES; lane++)                                           \
            result[lane] = function(x[lane], y[lane]);                                             \
        return result;                                                                             \
    }
#endif

#if REAL_BITS == 32
#define SCALAR_FUNCTION(name) name##f
#define SCALAR_BUILTIN(name) __builtin_##name##f
#else
#define SCALAR_FUNCTION(name) name
#define SCALAR_BUILTIN(name) __builtin_##name
#endif
#if defined(BUFFERS_CUDA)
#define SCALAR_MATH(name) SCALAR_FUNCTION(name)
#else
#define SCALAR_MATH(name) SCALAR_BUILTIN(name)
#endif

/* FMA(a, b, c) is a * b + c, rounded once. */
#if BUFFERS_LANES == 1
#define FMA(a, b, c) SCALAR_MATH(fma)((real)(a), (real)(b), (real)(c))
#define SQRT(x) SCALAR_MATH(sqrt)(x)
#elif REAL_BITS * BUFFERS_LANES == 512 && defined(__AVX512F__) && REAL_BITS == 32
#define FMA(a, b, c) ((real)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define SQRT(x) ((real)_mm512_sqrt_ps((__m512)(x)))
#elif REAL_BITS * BUFFERS_LANES == 512 && defined(__AVX512F__)
#define FMA(a, b, c) ((real)_mm512_fmadd_pd((__m512d)(a), (__m512d)(b), (__m512d)(c)))
#define SQRT(x) ((real)_mm512_sqrt_pd((__m512d)(x)))
#elif REAL_BITS * BUFFERS_LANES == 256 && defined(__AVX2__) && defined(__FMA__) && REAL_BITS == 32
#define FMA(a, b, c) ((real)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define SQRT(x) ((real)_mm256_sqrt_ps((__m256)(x)))
#elif REAL_BITS * BUFFERS_LANES == 256 && defined(__AVX2__) && defined(__FMA__)
#define FMA(a, b, c) ((real)_mm256_fmadd_pd((__m256d)(a), (__m256d)(b), (__m256d)(c)))
#define SQRT(x) ((real)_mm256_sqrt_pd((__m256d)(x)))
#elif REAL_BITS * BUFFERS_LANES == 128 && defined(__aarch64__) && REAL_BITS == 32
#include <arm_neon.h>
#define FMA(a, b, c) ((real)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define SQRT(x) ((real)vsqrtq_f32((float32x4_t)(x)))
#elif REAL_BITS * BUFFERS_LANES == 128 && defined(__aarch64__)
#include <arm_neon.h>
#define FMA(a, b, c) ((real)vfmaq_f64((float64x2_t)(c), (float64x2_t)(a), (float64x2_t)(b)))
#define SQRT(x) ((real)vsqrtq_f64((float64x2_t)(x)))
#else
INLINE real FMA(real a, real b, real c)
{
    real result;
    for (int lane = 0; lane < BUFFERS_LANES; lane++)
        result[lane] = SCALAR_BUILTIN(fma)(a[lane], b[lane], c[lane]);
    return result;
}
EACH_LANE1(SQRT, SCALAR_BUILTIN(sqrt))
#endif

/* A NaN in either operand is the result, so that it is seen at the end. */
INLINE real MIN(real a, real b)
{
    return SELECT(OR(LT(a, b), NE(a, a)), a, b);
}

INLINE real MAX(real a, real b)
{
    return SELECT(OR(LT(b, a), NE(a, a)), a, b);
}

#if BUFFERS_LANES > 1
INLINE real ABS(real x)
{
    return (real)((mask)x ^ ((mask)x & (mask)REAL(-0.0)));
}
#else
#define ABS(x) SCALAR_MATH(fabs)(x)
#endif

/* glibc has vectors of these functions, for x86-64 alone; they are named by instruction set and
 * lanes. A lane's result does not depend on its neighbours. Elsewhere each lane asks the C library. */
#if BUFFERS_LANES == 1
#define SIN(x) SCALAR_MATH(sin)(x)
#define COS(x) SCALAR_MATH(cos)(x)
#define TAN(x) SCALAR_MATH(tan)(x)
#define TANH(x) SCALAR_MATH(tanh)(x)
#define EXP(x) SCALAR_MATH(exp)(x)
#define LOG(x) SCALAR_MATH(log)(x)
#define POW(x, y) SCALAR_MATH(pow)(x, y)
#else
#if defined(__x86_64__) && defined(__linux__)
#include <features.h>
#if defined(__GLIBC__) && REAL_BITS == 32 && BUFFERS_LANES == 16 && defined(__AVX512F__)
#define VECTOR_MATH(arguments, name) _ZGVeN16##arguments##_##name##f
#elif defined(__GLIBC__) && REAL_BITS == 32 && BUFFERS_LANES == 8 && defined(__AVX2__)
#define VECTOR_MATH(arguments, name) _ZGVdN8##arguments##_##name##f
#elif defined(__GLIBC__) && REAL_BITS == 32 && BUFFERS_LANES == 4
#define VECTOR_MATH(arguments, name) _ZGVbN4##arguments##_##name##f
#elif defined(__GLIBC__) && REAL_BITS == 64 && BUFFERS_LANES == 8 && defined(__AVX512F__)
#define VECTOR_MATH(arguments, name) _ZGVeN8##arguments##_##name
#elif defined(__GLIBC__) && REAL_BITS == 64 && BUFFERS_LANES == 4 && defined(__AVX2__)
#define VECTOR_MATH(arguments, name) _ZGVdN4##arguments##_##name
#elif defined(__GLIBC__) && REAL_BITS == 64 && BUFFERS_LANES == 2
#define VECTOR_MATH(arguments, name) _ZGVbN2##arguments##_##name
#endif
#endif

#if defined(VECTOR_MATH)
C_FUNCTION real VECTOR_MATH(v, sin)(real);
C_FUNCTION real VECTOR_MATH(v, cos)(real);
C_FUNCTION real VECTOR_MATH(v, exp)(real);
C_FUNCTION real VECTOR_MATH(v, log)(real);
C_FUNCTION real VECTOR_MATH(vv, pow)(real, real);
#define SIN(x) VECTOR_MATH(v, sin)(x)
#define COS(x) VECTOR_MATH(v, cos)(x)
#define EXP(x) VECTOR_MATH(v, exp)(x)
#define LOG(x) VECTOR_MATH(v, log)(x)
#define POW(x, y) VECTOR_MATH(vv, pow)(x, y)
#else
EACH_LANE1(SIN, SCALAR_BUILTIN(sin))
EACH_LANE1(COS, SCALAR_BUILTIN(cos))
EACH_LANE1(EXP, SCALAR_BUILTIN(exp))
EACH_LANE1(LOG, SCALAR_BUILTIN(log))
EACH_LANE2(POW, SCALAR_BUILTIN(pow))
#endif

#if defined(VECTOR_MATH) && __GLIBC_PREREQ(2, 35)
C_FUNCTION real VECTOR_MATH(v, tan)(real);
C_FUNCTION real VECTOR_MATH(v, tanh)(real);
#define TAN(x) VECTOR_MATH(v, tan)(x)
#define TANH(x) VECTOR_MATH(v, tanh)(x)
#else
EACH_LANE1(TAN, SCALAR_BUILTIN(tan))
EACH_LANE1(TANH, SCALAR_BUILTIN(tanh))
#endif
#endif

/* An error in units of what is tolerated beside a value of some size. */
INLINE real SCALED(real error, real size, real atol, real rtol)
{
    return error / FMA(rtol, size, atol);
}

/* The mean square of errors in units of what is tolerated, the larger one of two references counting:
 * Hairer, Norsett and Wanner (1993), equations II.4.10 and II.4.11, without the root. */
INLINE real SCALED_SQUARE(BUFFER(const real) errors, BUFFER(const real) before, BUFFER(const real) after, int count,
                          real atol, real rtol)
{
    real sum = REAL(0.0);
    UNROLL
    for (int i = 0; i < count; i++) {
        const real first = ABS(before[i]), last = ABS(after[i]);
        /* What is no number has no error that is tolerated. */
        const real scaled = SCALED(errors[i], SELECT_LESS(last, first, first, last), atol, rtol);
        sum = FMA(scaled, scaled, sum);
    }
    return sum * (REAL(1.0) / SPLAT((real_scalar)count));
}

/* The root of the mean square of errors in units of what is tolerated. */
INLINE real SCALED_NORM(BUFFER(const real) errors, BUFFER(const real) reference, int count, real atol, real rtol)
{
    return SQRT(SCALED_SQUARE(errors, reference, reference, count, atol, rtol));
}

/* ---- Numbers in two reals ---- */

/* The arguments' form: `high` is the nearest real, `low` what it leaves. */
typedef struct {
    real_scalar high, low;
} pair;

/* The same in every lane. */
typedef struct {
    real high, low;
} precise;

/* a + b with the rounding error in `low`, whichever is larger. */
INLINE precise TWO_SUM(real a, real b)
{
    precise sum;
    sum.high = a + b;
    const real of_b = sum.high - a;
    sum.low = (a - (sum.high - of_b)) + (b - of_b);
    return sum;
}

/* start + count * unit. The count is split, since in f32 a real counts to 2^24 only. */
INLINE precise ADVANCE(precise start, integer count, pair unit)
{
    const integer fine = count & 4095;
    const real parts[2] = {TO_REAL(fine), TO_REAL(count - fine)};
    precise time = start;
    UNROLL
    for (int i = 0; i < 2; i++) {
        const real product = parts[i] * SPLAT(unit.high);
        const real error = FMA(parts[i], SPLAT(unit.high), -product);
        const precise sum = TWO_SUM(time.high, product);
        time.high = sum.high;
        time.low = time.low + (sum.low + FMA(parts[i], SPLAT(unit.low), error));
    }
    return time;
}

INLINE precise PRECISE(pair x)
{
    precise result;
    result.high = SPLAT(x.high);
    result.low = SPLAT(x.low);
    return result;
}

/* ---- Runs and their memory ---- */

/* The runs that one group of lanes has yet to take. */
typedef struct {
    long long next, end, stride;
} queue;

/* Gives each of `lanes` the next run of the queue, as long as there is one, and says which got one. */
OUTLINE mask TAKE(queue *runs, mask lanes, integer *run)
{
    mask taken = NO_LANES;
    for (int lane = 0; lane < BUFFERS_LANES; lane++)
        if (LANE(lanes, lane) && runs->next < runs->end) {
            LANE(*run, lane) = (integer_scalar)runs->next;
            LANE(taken, lane) = (integer_scalar)-1;
            runs->next += runs->stride;
        }
    return taken;
}

/* One value per run: those of `lanes` are read, the others stay. */
OUTLINE real GATHER(mask lanes, const real_scalar *values, integer run, real others)
{
    for (int lane = 0; lane < BUFFERS_LANES; lane++)
        if (LANE(lanes, lane))
            LANE(others, lane) = values[LANE(run, lane)];
    return others;
}

/* Writes one value per run, into the run's own row of a table whose rows lie `stride` apart. */
OUTLINE void SCATTER(mask lanes, real_scalar *table, integer row, long long stride, integer run, real value)
{
    for (int lane = 0; lane < BUFFERS_LANES; lane++)
        if (LANE(lanes, lane))
            table[LANE(row, lane) * stride + LANE(run, lane)] = LANE(value, lane);
}

/* ---- Entry ---- */

/* Defines the kernel `name`, which calls `name_runs(m, a, runs)` for each group of lanes. */
#if defined(BUFFERS_CUDA)
#define KERNEL(name)                                                                               \
    C_FUNCTION __global__ void name(const arguments a)                                             \
    {                                                                                              \
        extern __shared__ __align__(16) unsigned char shared[];                                    \
        BUFFERS_MEMORY(m, shared, threadIdx.x, blockDim.x);                                        \
        const long long first = (long long)blockIdx.x * blockDim.x + threadIdx.x;                  \
        const queue runs = {first, a.runs, (long long)gridDim.x * blockDim.x};                     \
        name##_runs(m, &a, runs);                                                                  \
    }
#else
/* One denormal lane would slow its whole group: in f32 they are zero, as on CUDA with --ftz=true. */
#if REAL_BITS == 32 && defined(__SSE__)
typedef unsigned int float_control;
#define FLOAT_CONTROL() _mm_getcsr()
#define SET_FLOAT_CONTROL(value) _mm_setcsr(value)
#define FLUSH_DENORMALS 0x8040u
#elif REAL_BITS == 32 && defined(__aarch64__)
typedef unsigned long long float_control;
INLINE float_control FLOAT_CONTROL(void)
{
    float_control value;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(value));
    return value;
}
INLINE void SET_FLOAT_CONTROL(float_control value)
{
    __asm__ __volatile__("msr fpcr, %0" : : "r"(value));
}
#define FLUSH_DENORMALS (1ull << 24)
#else
typedef int float_control;
#define FLOAT_CONTROL() 0
#define SET_FLOAT_CONTROL(value) ((void)(value))
#define FLUSH_DENORMALS 0
#endif
/* The runs have a function of their own, so that nothing moves across the control word. */
#define KERNEL(name)                                                                               \
    static __attribute__((noinline)) void name##_group(const arguments *a, queue runs,             \
                                                       unsigned char *shared)                      \
    {                                                                                              \
        BUFFERS_MEMORY(m, shared, 0, 1);                                                           \
        name##_runs(m, a, runs);                                                                   \
    }                                                                                              \
    C_FUNCTION void name(const arguments *a, long long begin, long long end, unsigned char *shared) \
    {                                                                                              \
        const queue runs = {begin, end, 1};                                                        \
        const float_control control = FLOAT_CONTROL();                                             \
        SET_FLOAT_CONTROL(control | FLUSH_DENORMALS);                                              \
        name##_group(a, runs, shared);                                                             \
        SET_FLOAT_CONTROL(control);                                                                \
    }
#endif
