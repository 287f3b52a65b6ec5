/* Solves (I - scale * J) x = b, J being the Jacobian at `state`, by the method of minimal residuals:
 * every correction follows the preconditioned residual as far as it makes the residual smaller. The
 * preconditioner is the diagonal, so that rates far apart do not slow it. Only products with J are formed.
 *
 * It ends where the residual is below a part of the tolerance, or of what it was. */

/* Readies the preconditioner for `solve`, which cannot fail. */
INLINE integer SELF(prepare)(memory m, mask lanes, BUFFER(const real) state, BUFFER(const real) parameters, real t,
                             real scale, BUFFER(real) inverse_diagonal)
{
    system_jacobian_diagonal(state, parameters, t, inverse_diagonal);
    UNROLL
    for (int i = 0; i < system_states; i++) {
        const real diagonal = FMA(-scale, inverse_diagonal[i], REAL(1.0));
        inverse_diagonal[i] = REAL(1.0) / SELECT(EQ(diagonal, REAL(0.0)), REAL(1.0), diagonal);
    }
    return INTEGER(0);
}

/* `right_side` is b, and ends as what is left of it; `solution` begins at zero. The result has a bit
 * for each lane that failed. */
INLINE integer SELF(solve)(memory m, mask lanes, BUFFER(const real) state, BUFFER(const real) parameters, real t,
                           real scale, real atol, real rtol, BUFFER(const real) inverse_diagonal,
                           BUFFER(real) right_side, BUFFER(real) solution)
{
    ALLOCATE(preconditioned_vec, m);
    ALLOCATE(temp, m);
    real norm = SCALED_NORM(right_side, state, SIZE(temp), atol, rtol);
    const real target = FMA(SELF(reduction), norm, REAL(1e-3));
    /* At least one correction: a tolerance that is large beside the state would leave it as it is. */
    mask active = AND(lanes, LT(REAL(0.0), norm));

    UNROLL
    for (int i = 0; i < SIZE(temp); i++)
        solution[i] = REAL(0.0);
    for (int k = 0; k < SELF(max_iterations) && ANY(active); k++) {
        real largest = REAL(0.0), along = REAL(0.0), square = REAL(0.0);
        {
            PHASE(multiply);
            UNROLL
            for (int i = 0; i < SIZE(temp); i++)
                preconditioned_vec[i] = inverse_diagonal[i] * right_side[i];
            system_jacobian_vector(state, parameters, t, preconditioned_vec, temp);
            UNROLL
            for (int i = 0; i < SIZE(temp); i++) {
                temp[i] = FMA(-scale, temp[i], preconditioned_vec[i]);
                largest = MAX(largest, ABS(temp[i]));
            }
            /* Of what is small, the square would be zero. */
            const real unit = REAL(1.0) / SELECT(EQ(largest, REAL(0.0)), REAL(1.0), largest);
            UNROLL
            for (int i = 0; i < SIZE(temp); i++) {
                const real change = unit * temp[i];
                along = FMA(change, unit * right_side[i], along);
                square = FMA(change, change, square);
            }
        }
        const real length = SELECT(EQ(square, REAL(0.0)), REAL(0.0), along / square);
        {
            PHASE(correct);
            UNROLL
            for (int i = 0; i < SIZE(temp); i++) {
                solution[i] = SELECT(active, FMA(length, preconditioned_vec[i], solution[i]), solution[i]);
                right_side[i] = SELECT(active, FMA(-length, temp[i], right_side[i]), right_side[i]);
            }
        }
        norm = SCALED_NORM(right_side, state, SIZE(temp), atol, rtol);
        active = AND(active, LT(target, norm));
    }
    const integer reason = SELECT_INTEGER(FINITE(norm), INTEGER(LINEAR_ITERATIONS), INTEGER(NON_FINITE));
    const mask solved = AND(FINITE(norm), LE(norm, target));
    return SELECT_INTEGER(AND(lanes, NOT(solved)), reason, INTEGER(0));
}
