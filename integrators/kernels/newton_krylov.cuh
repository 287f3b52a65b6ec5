/* Newton's method for u = dt * f(t, base + weight * u). The Jacobian is that at each iterate.
 *
 * `theta` is the rate at which corrections shrink. A correction is the last one where those that would
 * follow it at this rate are a small part of the tolerance together. The rate is kept from solve to
 * solve, so that one correction may do. What no longer shrinks is at rounding where it is within the
 * tolerance, and has failed where it is not. */

/* Readies lanes that begin a run. */
INLINE void SELF(begin)(memory m, mask fresh)
{
    ALLOCATE(prev_theta, m);
    prev_theta[0] = SELECT(fresh, REAL(1.0), prev_theta[0]);
}

/* `increment` is a first guess of u, and `stage` is base + weight * u for it; both are corrected. The
 * result has a bit for each lane that failed. */
OUTLINE integer SELF(solve)(memory m, mask lanes, BUFFER(const real) parameters, real t, real dt, real weight,
                            BUFFER(real) stage, BUFFER(real) increment)
{
    ALLOCATE(delta, m);
    ALLOCATE(residual, m);
    ALLOCATE(prepared, m);
    ALLOCATE(prev_theta, m);
    const real stagnation = REAL(100.0) * SQRT(SPLAT(EPSILON));
    mask active = lanes;
    integer status = INTEGER(0);
    real theta = prev_theta[0], prev_norm = REAL(1.0);

    for (int k = 0; k < SELF(max_iterations) && ANY(active); k++) {
        {
            PHASE(evaluate);
            system_derivatives(stage, parameters, t, residual);
            UNROLL
            for (int i = 0; i < SIZE(residual); i++)
                residual[i] = FMA(dt, residual[i], -increment[i]);
        }
        integer linear;
        {
            PHASE(solve);
            linear = CHILD(linear_solver, prepare)(m, active, stage, parameters, t, weight * dt, prepared);
            linear = linear | CHILD(linear_solver, solve)(m, AND(active, EQ(linear, INTEGER(0))), stage, parameters,
                                                          t, weight * dt, SELF(atol), SELF(rtol), prepared, residual,
                                                          delta);
        }
        const real norm = SCALED_NORM(delta, stage, SIZE(delta), SELF(atol), SELF(rtol));

        mask accepted = NO_LANES, settled = NO_LANES, diverged = NOT(FINITE(norm));
        if (k == 0) {
            accepted = LT(norm, REAL(1e-5));
        } else {
            theta = SELECT(active, MAX(REAL(0.3) * theta, norm / prev_norm), theta);
            const mask within = LE(norm, REAL(1.0));
            settled = AND(within, LE(REAL(1.0) - stagnation, theta));
            diverged = OR(diverged, AND(NOT(within), LT(REAL(2.0), theta)));
            diverged = OR(diverged, AND(NOT(within), LE(ABS(theta - REAL(1.0)), stagnation)));
        }
        const real left = REAL(1.0) - theta;
        accepted = OR(accepted, AND(LT(REAL(0.0), left), LT(theta * norm, REAL(0.01) * left)));

        const mask unsolved = AND(active, NE(linear, INTEGER(0)));
        const mask failed = AND(active, AND(diverged, NOT(unsolved)));
        status = status | SELECT_INTEGER(unsolved, linear, INTEGER(0));
        status = status | SELECT_INTEGER(failed, INTEGER(NEWTON_DIVERGENCE), INTEGER(0));
        active = AND(active, NOT(OR(unsolved, OR(failed, settled))));
        {
            PHASE(correct);
            UNROLL
            for (int i = 0; i < SIZE(delta); i++) {
                increment[i] = SELECT(active, increment[i] + delta[i], increment[i]);
                stage[i] = SELECT(active, FMA(weight, delta[i], stage[i]), stage[i]);
            }
        }
        active = AND(active, NOT(accepted));
        prev_norm = norm;
    }
    status = status | SELECT_INTEGER(active, INTEGER(NEWTON_ITERATIONS), INTEGER(0));
    /* Corrections that no longer shrink at rounding say nothing of the next solve's. */
    theta = SELECT(AND(EQ(status, INTEGER(0)), LT(theta, REAL(1.0))), theta, REAL(1.0));
    prev_theta[0] = SELECT(lanes, theta, prev_theta[0]);
    return status;
}
