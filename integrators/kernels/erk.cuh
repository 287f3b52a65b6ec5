/* Explicit Runge-Kutta by columns: as soon as a stage's derivative is known it is added to the state
 * of every later stage, so one derivative is held, however many stages there are.
 *
 * tableau(EVALUATE, ADD), generated, lists the method: EVALUATE(stage, c) puts the derivative at a
 * stage's state into `stage_rhs`; ADD(target, sum, a) makes `target` the sum so far plus
 * a * dt * `stage_rhs`. Zero coefficients and stages without successors are not in it. */

#define STAGE(i) (stage_accumulator + (i) * SIZE(stage_rhs))

/* Readies lanes that begin a run. A method whose first derivative is the last one of the step before
 * expects it in `stage_rhs`. `scratch` is overwritten. */
INLINE void SELF(begin)(memory m, mask fresh, BUFFER(const real) state, BUFFER(const real) parameters, real t,
                        BUFFER(real) scratch)
{
    if (!SELF(first_same_as_last))
        return;
    ALLOCATE(stage_rhs, m);
    system_derivatives(state, parameters, t, scratch);
    UNROLL
    for (int i = 0; i < SIZE(stage_rhs); i++)
        stage_rhs[i] = SELECT(fresh, scratch[i], stage_rhs[i]);
}

INLINE integer SELF(step)(memory m, mask lanes, BUFFER(const real) state, BUFFER(real) proposed_state,
                          BUFFER(const real) parameters, real t, real dt)
{
    ALLOCATE(stage_rhs, m);
    ALLOCATE(stage_accumulator, m);
#define EVALUATE(stage, c) system_derivatives(stage, parameters, FMA(REAL(c), dt, t), stage_rhs);
#define ADD(target, sum, a)                                                                        \
    UNROLL                                                                                         \
    for (int i = 0; i < SIZE(stage_rhs); i++)                                                      \
        (target)[i] = FMA(dt * REAL(a), stage_rhs[i], (sum)[i]);
    SELF(tableau)(EVALUATE, ADD)
#undef EVALUATE
#undef ADD
    return INTEGER(0);
}

#undef STAGE
