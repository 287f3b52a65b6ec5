/* Diagonally implicit Runge-Kutta by columns: as soon as a stage's increment dt * f is known it is added
 * to the state of every later stage, so one increment is held, however many stages there are.
 *
 * tableau(SOLVE, ADD), generated, lists the method: SOLVE(base, c, a) puts the increment at the stage
 * whose state is base + a * increment into `stage_increment`; ADD(target, sum, a) makes `target` the sum
 * so far plus a * `stage_increment`. Zero coefficients and stages without successors are not in it.
 *
 * A stage begins at the increment of the stage before it, the first one at the last of the step before. */

#define STAGE(i) (accumulator + (i) * SIZE(stage_base))

/* Readies lanes that begin a run. A method whose first derivative is the last one of the step before
 * expects it in `stage_rhs`. `scratch` is overwritten. */
INLINE void SELF(begin)(memory m, mask fresh, BUFFER(const real) state, BUFFER(const real) parameters, real t,
                        BUFFER(real) scratch)
{
    CHILD(solver, begin)(m, fresh);
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
    ALLOCATE(stage_increment, m);
    ALLOCATE(accumulator, m);
    ALLOCATE(stage_base, m);
    ALLOCATE(stage_rhs, m);
    integer status = INTEGER(0);
    /* Where there is a first derivative, the first stage is its increment. */
    UNROLL
    for (int i = 0; i < SIZE(stage_rhs); i++)
        stage_increment[i] = dt * stage_rhs[i];
#define SOLVE(base, c, a)                                                                          \
    UNROLL                                                                                         \
    for (int i = 0; i < SIZE(stage_base); i++)                                                     \
        stage_base[i] = FMA(REAL(a), stage_increment[i], (base)[i]);                               \
    status = status | CHILD(solver, solve)(m, AND(lanes, EQ(status, INTEGER(0))), parameters,      \
                                           FMA(REAL(c), dt, t), dt, REAL(a), stage_base,           \
                                           stage_increment);
#define ADD(target, sum, a)                                                                        \
    UNROLL                                                                                         \
    for (int i = 0; i < SIZE(stage_base); i++)                                                     \
        (target)[i] = FMA(REAL(a), stage_increment[i], (sum)[i]);
    SELF(tableau)(SOLVE, ADD)
#undef SOLVE
#undef ADD
    /* Not f at the result: a stiff system would magnify what the solver has left. */
    UNROLL
    for (int i = 0; i < SIZE(stage_rhs); i++)
        stage_rhs[i] = stage_increment[i] / dt;
    return status;
}

#undef STAGE
