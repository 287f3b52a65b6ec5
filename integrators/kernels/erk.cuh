/* Explicit Runge-Kutta by columns: as soon as a stage's derivative is known it is added to the state
 * of every later stage, so one derivative is held, however many stages there are.
 *
 * tableau(EVALUATE, BEGIN, ADD), generated, lists the method: EVALUATE(stage, c) puts the derivative at
 * a stage's state into `stage_rhs`; BEGIN(target, a) makes `target` a * dt * `stage_rhs`, and
 * ADD(target, sum, a) makes it the sum so far plus that. Zero coefficients and stages without successors
 * are not in it, nor is the error where no estimate is asked for. */

#define STAGE(i) (stage_accumulator + (i) * SIZE(stage_rhs))

/* Readies lanes that begin a run at a state with the derivative `slope`. A method whose first derivative is
 * the last one of the step before expects it. */
INLINE void SELF(begin)(memory m, mask fresh, BUFFER(const real) slope)
{
    if (!SELF(first_same_as_last))
        return;
    ALLOCATE(stage_rhs, m);
    ALLOCATE(accepted_rhs, m);
    {
        PHASE(begin);
        UNROLL
        for (int i = 0; i < SIZE(stage_rhs); i++)
            ASSIGN(fresh, stage_rhs[i], slope[i]);
        UNROLL
        for (int i = 0; i < SIZE(accepted_rhs); i++)
            ASSIGN(fresh, accepted_rhs[i], slope[i]);
    }
}

/* `error` gets the estimate of the step's error, where the method was asked for one. */
INLINE integer SELF(step)(memory m, mask lanes, BUFFER(const real) state, BUFFER(real) proposed_state,
                          BUFFER(real) error, BUFFER(const real) parameters, real t, real dt)
{
    ALLOCATE(stage_rhs, m);
    ALLOCATE(accepted_rhs, m);
    ALLOCATE(stage_accumulator, m);
    {
        PHASE(step);
        UNROLL
        for (int i = 0; i < SIZE(accepted_rhs); i++)
            stage_rhs[i] = accepted_rhs[i];
#define EVALUATE(stage, c) system_derivatives(stage, parameters, FMA(REAL(c), dt, t), stage_rhs);
#define BEGIN(target, a)                                                                           \
    UNROLL                                                                                         \
    for (int i = 0; i < SIZE(stage_rhs); i++)                                                      \
        (target)[i] = dt * REAL(a) * stage_rhs[i];
#define ADD(target, sum, a)                                                                        \
    UNROLL                                                                                         \
    for (int i = 0; i < SIZE(stage_rhs); i++)                                                      \
        (target)[i] = FMA(dt * REAL(a), stage_rhs[i], (sum)[i]);
        SELF(tableau)(EVALUATE, BEGIN, ADD)
#undef EVALUATE
#undef BEGIN
#undef ADD
    }
    return INTEGER(0);
}

/* The lanes that accept their step go on from its end, the others stay where they were. */
INLINE void SELF(commit)(memory m, mask accepted, real dt)
{
    ALLOCATE(stage_rhs, m);
    ALLOCATE(accepted_rhs, m);
    {
        PHASE(commit);
        UNROLL
        for (int i = 0; i < SIZE(accepted_rhs); i++)
            ASSIGN(accepted, accepted_rhs[i], stage_rhs[i]);
    }
}

#undef STAGE
