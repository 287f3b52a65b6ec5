/* Diagonally implicit Runge-Kutta by columns: as soon as a stage's increment dt * f is known it is added
 * to the state of every later stage, so one increment is held, however many stages there are.
 *
 * tableau(SOLVE, BEGIN, ADD), generated, lists the method: SOLVE(taking, solving, base, c, a) puts
 * the increment at the stage whose state is base + a * increment into `stage_increment`;
 * BEGIN(adding, target, a) makes `target` a * `stage_increment`, and ADD(adding, target, sum, a) makes it
 * the sum so far plus that. `taking`, `solving` and `adding` are phases. Zero coefficients and stages without
 * successors are not in it, nor is the error where no estimate is asked for.
 *
 * The state of a stage lies on the first row of sums, which the second stage makes its state of in place.
 *
 * A stage begins at the increment of the stage before it. The first one begins at the last of the step
 * before where all steps are equal; else at the derivative there, so that a step which was rejected leaves
 * nothing. */

#define STAGE(i) (accumulator + (i) * SIZE(stage_base))

/* Readies lanes that begin a run at a state with the derivative `slope`. */
INLINE void SELF(begin)(memory m, mask fresh, BUFFER(const real) slope)
{
    ALLOCATE(stage_rhs, m);
    {
        PHASE(begin);
        CHILD(solver, begin)(m, fresh);
        UNROLL
        for (int i = 0; i < SIZE(stage_rhs); i++)
            ASSIGN(fresh, stage_rhs[i], slope[i]);
    }
}

/* The lanes that accept their step go on from its end, the others stay where they were. The derivative
 * is not f at the result: a stiff system would magnify what the solver has left. */
INLINE void SELF(commit)(memory m, mask accepted, real dt)
{
    ALLOCATE(stage_increment, m);
    ALLOCATE(stage_rhs, m);
    {
        PHASE(commit);
        UNROLL
        for (int i = 0; i < SIZE(stage_rhs); i++)
            stage_rhs[i] = SELECT(accepted, stage_increment[i] / dt, stage_rhs[i]);
    }
}

/* `error` gets the estimate of the step's error, where the method was asked for one. */
INLINE integer SELF(step)(memory m, mask lanes, BUFFER(const real) state, BUFFER(real) proposed_state,
                          BUFFER(real) error, BUFFER(const real) parameters, real t, real dt)
{
    ALLOCATE(stage_increment, m);
    ALLOCATE(accumulator, m);
    ALLOCATE(stage_base, m);
    ALLOCATE(stage_rhs, m);
    integer status = INTEGER(0);
    {
        /* What the first stage is, where that is explicit, or begins at. */
        PHASE(first);
        UNROLL
        for (int i = 0; i < SIZE(stage_rhs); i++)
            stage_increment[i] = dt * stage_rhs[i];
    }
#define SOLVE(taking, solving, base, c, a)                                                         \
    {                                                                                              \
        PHASE(taking);                                                                             \
        UNROLL                                                                                     \
        for (int i = 0; i < SIZE(stage_base); i++)                                                 \
            stage_base[i] = FMA(REAL(a), stage_increment[i], (base)[i]);                           \
    }                                                                                              \
    {                                                                                              \
        PHASE(solving);                                                                            \
        status = status | CHILD(solver, solve)(m, AND(lanes, EQ(status, INTEGER(0))), parameters,  \
                                               FMA(REAL(c), dt, t), dt, REAL(a), stage_base,       \
                                               stage_increment);                                   \
    }
#define BEGIN(adding, target, a)                                                                   \
    {                                                                                              \
        PHASE(adding);                                                                             \
        UNROLL                                                                                     \
        for (int i = 0; i < SIZE(stage_base); i++)                                                 \
            (target)[i] = REAL(a) * stage_increment[i];                                            \
    }
#define ADD(adding, target, sum, a)                                                                \
    {                                                                                              \
        PHASE(adding);                                                                             \
        UNROLL                                                                                     \
        for (int i = 0; i < SIZE(stage_base); i++)                                                 \
            (target)[i] = FMA(REAL(a), stage_increment[i], (sum)[i]);                              \
    }
    SELF(tableau)(SOLVE, BEGIN, ADD)
#undef SOLVE
#undef BEGIN
#undef ADD
    if (!SELF(has_estimate))
        SELF(commit)(m, ALL_LANES, dt);
    return status;
}

#undef STAGE
