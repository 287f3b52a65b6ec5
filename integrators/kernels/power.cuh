/* Powers to three digits, which is more than a step's size needs: made of bits, sums and products alone,
 * so that both devices make the same. */

#if BUFFERS_LANES > 1
typedef integer real_bits;
typedef integer_scalar real_bits_scalar;
#define BITS(x) ((real_bits)(x))
#define FROM_BITS(x) ((real)(x))
#else
#if REAL_BITS == 32
typedef int real_bits;
#else
typedef long long real_bits;
#endif
typedef real_bits real_bits_scalar;
typedef union {
    real value;
    real_bits bits;
} real_or_bits;

INLINE real_bits BITS(real x)
{
    real_or_bits both;
    both.value = x;
    return both.bits;
}

INLINE real FROM_BITS(real_bits x)
{
    real_or_bits both;
    both.bits = x;
    return both.value;
}
#endif

/* The bits of a real: those of its fraction, of 1, and of the number whose sums are whole. */
#if REAL_BITS == 32
#define FRACTION_BITS 23
#define ONE_AS_BITS 0x3f800000
#define ROUNDER REAL(12582912.0)
#define ROUNDER_AS_BITS 0x4b400000
#else
#define FRACTION_BITS 52
#define ONE_AS_BITS 0x3ff0000000000000ll
#define ROUNDER REAL(6755399441055744.0)
#define ROUNDER_AS_BITS 0x4338000000000000ll
#endif
/* A whole number as the bits of an exponent. */
#define EXPONENT(x) ((x) * ((real_bits_scalar)1 << FRACTION_BITS))

/* Of a positive normal number, within 0.0009, and exact for powers of 2; below -100 for zero. */
INLINE real LOG2(real x)
{
    const real_bits exponent = (BITS(x) - ONE_AS_BITS) >> FRACTION_BITS;
    const real left = FROM_BITS(BITS(x) - EXPONENT(exponent)) - REAL(1.0);
    const real slope = FMA(FMA(left, REAL(0.15922014), REAL(-0.58208548)), left, REAL(1.42286534));
    return FMA(slope, left, TO_REAL(exponent));
}

/* Within a part in 10^4, and exact for whole numbers. The result must be normal. */
INLINE real EXP2(real x)
{
    const real rounded = x + ROUNDER;
    const real left = x - (rounded - ROUNDER);
    const real slope = FMA(FMA(left, REAL(0.05501029), REAL(0.24220640)), left, REAL(0.69328228));
    return FROM_BITS(BITS(FMA(slope, left, REAL(1.0))) + EXPONENT(BITS(rounded) - ROUNDER_AS_BITS));
}
