/* Solves (I - scale * J) x = b by elimination, J being the Jacobian at a state.
 *
 * The order of the pivots and what fills in are known before the kernel is written, so there is code for
 * what is not zero and for nothing else: `factors` holds the entries of J that can differ from zero, then
 * the other pivots, then what fills in. The lists below, generated, name its elements by their places.
 *
 * factorisation(ROW, UNIT_ROW, LOWER, UPDATE, FILL, PIVOT_UPDATE, PIVOT) lists the rows in the order of their
 * pivots. ROW(p) begins one whose pivot p has an entry in J, UNIT_ROW(p) one whose pivot has none.
 * LOWER(l, p) makes the entry l the factor by which the row of the finished pivot p is taken away;
 * UPDATE(a, l, u) takes l * u from an entry, FILL(a, l, u) does so where there was none, and
 * PIVOT_UPDATE(p, l, u) from the row's own pivot. PIVOT(p) ends a row with the inverse of its pivot.
 *
 * substitution(LOWER, UPPER, PIVOT) solves: LOWER(i, l, k) and UPPER(i, u, k) take l or u times the element
 * k of the vector from the element i, PIVOT(i, p) divides the element i. Where it is long, it is compiled
 * once, and not wherever it is called: so says `linkage`.
 *
 * Rows are not exchanged, since lanes would want to exchange different ones. Where columns, or rows, of
 * I - scale * J are dominated by their diagonals, as they are where J moves amounts between states, that is
 * stable. Elsewhere a pivot may cancel; one that is no larger than what rounding may have done to it is an
 * error. */

/* Factorises, for `solve`. The result has a bit for each lane that failed. */
INLINE integer SELF(prepare)(memory m, mask lanes, BUFFER(const real) state, BUFFER(const real) parameters, real t,
                             real scale, BUFFER(real) factors)
{
    mask regular = ALL_LANES;
    real error, doubt = EPSILON, pivots = REAL(0.0);
    _Static_assert((int)system_jacobian_entries == (int)SELF(jacobian_entries), "the Jacobian is another system's");
    /* `error` is what rounding may have done to a pivot: a unit in the last place to each of its terms, and
     * to a term as much as to the finished pivot in it, each relative to itself, which together is the
     * `doubt` of that pivot. It scales as rows and columns do. */
#define ROW(p)                                                                                     \
    error = FMA(EPSILON, ABS(factors[p]), EPSILON);                                                \
    factors[p] = REAL(1.0) + factors[p];
#define UNIT_ROW(p)                                                                                \
    error = EPSILON;                                                                               \
    factors[p] = REAL(1.0);
#define LOWER(l, p)                                                                                \
    factors[l] = factors[l] * factors[p];                                                          \
    doubt = doubt_##p;
#define UPDATE(a, l, u) factors[a] = FMA(-factors[l], factors[u], factors[a]);
#define FILL(a, l, u) factors[a] = -factors[l] * factors[u];
#define PIVOT_UPDATE(p, l, u)                                                                      \
    error = FMA(ABS(factors[l]) * ABS(factors[u]), doubt, error);                                  \
    factors[p] = FMA(-factors[l], factors[u], factors[p]);
#define PIVOT(p)                                                                                   \
    pivots = pivots + factors[p];                                                                  \
    regular = AND(regular, LT(error, ABS(factors[p])));                                            \
    factors[p] = REAL(1.0) / SELECT(regular, factors[p], REAL(1.0));                               \
    const real doubt_##p = FMA(error, ABS(factors[p]), EPSILON);
    system_jacobian(state, parameters, t, factors);
    UNROLL
    for (int i = 0; i < SELF(jacobian_entries); i++)
        factors[i] = -scale * factors[i];
    SELF(factorisation)(ROW, UNIT_ROW, LOWER, UPDATE, FILL, PIVOT_UPDATE, PIVOT)
#undef ROW
#undef UNIT_ROW
#undef LOWER
#undef UPDATE
#undef FILL
#undef PIVOT_UPDATE
#undef PIVOT
    const integer reason = SELECT_INTEGER(FINITE(pivots), INTEGER(SINGULAR), INTEGER(NON_FINITE));
    return SELECT_INTEGER(AND(lanes, NOT(regular)), reason, INTEGER(0));
}

/* `right_side` is b. What the other arguments say is in the factors. */
SELF(linkage) integer SELF(solve)(memory m, mask lanes, BUFFER(const real) state, BUFFER(const real) parameters, real t,
                           real scale, real atol, real rtol, BUFFER(const real) factors,
                           BUFFER(real) right_side, BUFFER(real) solution)
{
#define LOWER(i, l, k) solution[i] = FMA(-factors[l], solution[k], solution[i]);
#define UPPER(i, u, k) solution[i] = FMA(-factors[u], solution[k], solution[i]);
#define PIVOT(i, p) solution[i] = solution[i] * factors[p];
    UNROLL
    for (int i = 0; i < system_states; i++)
        solution[i] = right_side[i];
    SELF(substitution)(LOWER, UPPER, PIVOT)
#undef LOWER
#undef UPPER
#undef PIVOT
    return INTEGER(0);
}
