/* Rosenbrock methods, in the form without products with the Jacobian: the Jacobian at the state is taken
 * and prepared once a step, and each stage is the solution of one linear system with it.
 *
 * tableau(DIFFERENTIATE, ADVANCE, EVALUATE, KEEP, RECALL, SCALE, COUPLE, TIME, SOLVE, BEGIN_ERROR, ADD_ERROR),
 * generated, lists the method. DIFFERENTIATE() puts the derivative by time into `time_derivative`.
 * ADVANCE(sum, a, k) makes `proposed_state` the sum plus a times the stage k. EVALUATE(stage, c) puts the
 * derivative at a stage's state into `stage_rhs`; KEEP(k) keeps it for the stage k, which has the same, and
 * RECALL(k) gets it back: a stage's row is free for it until its own system is solved. SCALE() makes of it
 * gamma * dt * f, COUPLE(w, k) adds w times the stage k, TIME(w) adds w * dt * dt times the derivative by
 * time, and SOLVE(k) puts the solution into the stage k. BEGIN_ERROR(w, k) and ADD_ERROR(w, k) make up the
 * estimate. Zero coefficients are not in it, nor is what belongs to the estimate where none is asked for. */

#define STAGE(k) (stage_store + (k) * SIZE(stage_rhs))

/* Readies lanes that begin a run: nothing is kept from step to step. */
INLINE void SELF(begin)(memory m, mask fresh, BUFFER(const real) slope)
{
}

INLINE void SELF(commit)(memory m, mask accepted, real dt)
{
}

/* `error` gets the estimate of the step's error, where the method was asked for one. */
INLINE integer SELF(step)(memory m, mask lanes, BUFFER(const real) state, BUFFER(real) proposed_state,
                          BUFFER(real) error, BUFFER(const real) parameters, real t, real dt)
{
    ALLOCATE(stage_rhs, m);
    ALLOCATE(stage_store, m);
    ALLOCATE(prepared, m);
    ALLOCATE(time_derivative, m);
    const real scale = SELF(gamma) * dt;
    integer status;
    {
        PHASE(prepare);
        status = CHILD(solver, prepare)(m, lanes, state, parameters, t, scale, prepared);
    }
#define EACH(statement)                                                                            \
    UNROLL                                                                                         \
    for (int i = 0; i < SIZE(stage_rhs); i++)                                                      \
        statement;
#define DIFFERENTIATE()                                                                            \
    {                                                                                              \
        PHASE(prepare);                                                                            \
        system_time_derivative(state, parameters, t, time_derivative);                             \
    }
#define ADVANCE(sum, a, k)                                                                         \
    {                                                                                              \
        PHASE(advance);                                                                            \
        EACH(proposed_state[i] = FMA(REAL(a), STAGE(k)[i], (sum)[i]))                              \
    }
#define EVALUATE(stage, c)                                                                         \
    {                                                                                              \
        PHASE(evaluate);                                                                           \
        system_derivatives(stage, parameters, FMA(REAL(c), dt, t), stage_rhs);                     \
    }
#define KEEP(k)                                                                                    \
    {                                                                                              \
        PHASE(evaluate);                                                                           \
        EACH(STAGE(k)[i] = stage_rhs[i])                                                           \
    }
#define RECALL(k)                                                                                  \
    {                                                                                              \
        PHASE(evaluate);                                                                           \
        EACH(stage_rhs[i] = STAGE(k)[i])                                                           \
    }
#define SCALE()                                                                                    \
    {                                                                                              \
        PHASE(couple);                                                                             \
        EACH(stage_rhs[i] = scale * stage_rhs[i])                                                  \
    }
#define COUPLE(w, k)                                                                               \
    {                                                                                              \
        PHASE(couple);                                                                             \
        EACH(stage_rhs[i] = FMA(REAL(w), STAGE(k)[i], stage_rhs[i]))                               \
    }
#define TIME(w)                                                                                    \
    {                                                                                              \
        PHASE(couple);                                                                             \
        EACH(stage_rhs[i] = FMA(REAL(w) * dt * dt, time_derivative[i], stage_rhs[i]))              \
    }
#define SOLVE(k)                                                                                   \
    {                                                                                              \
        PHASE(solve);                                                                              \
        status = status | CHILD(solver, solve)(m, AND(lanes, EQ(status, INTEGER(0))), state,       \
                                               parameters, t, scale, SELF(atol), SELF(rtol),       \
                                               prepared, stage_rhs, STAGE(k));                     \
    }
#define BEGIN_ERROR(w, k)                                                                          \
    {                                                                                              \
        PHASE(combine);                                                                            \
        EACH(error[i] = REAL(w) * STAGE(k)[i])                                                     \
    }
#define ADD_ERROR(w, k)                                                                            \
    {                                                                                              \
        PHASE(combine);                                                                            \
        EACH(error[i] = FMA(REAL(w), STAGE(k)[i], error[i]))                                       \
    }
    SELF(tableau)(DIFFERENTIATE, ADVANCE, EVALUATE, KEEP, RECALL, SCALE, COUPLE, TIME, SOLVE, BEGIN_ERROR, ADD_ERROR)
#undef EACH
#undef DIFFERENTIATE
#undef ADVANCE
#undef EVALUATE
#undef KEEP
#undef RECALL
#undef SCALE
#undef COUPLE
#undef TIME
#undef SOLVE
#undef BEGIN_ERROR
#undef ADD_ERROR
    return status;
}

#undef STAGE
