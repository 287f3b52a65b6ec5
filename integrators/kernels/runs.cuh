/* What every loop does with its runs, between which it shares out the lanes. */

/* Reads the inputs of the runs that `fresh` lanes begin. */
INLINE void SELF(read)(mask fresh, const arguments *a, integer run, BUFFER(real) state, BUFFER(real) parameters)
{
    UNROLL
    for (int i = 0; i < SIZE(state); i++)
        state[i] = GATHER(fresh, a->initial_states + i * a->stride, run, state[i]);
    UNROLL
    for (int i = 0; i < SIZE(parameters); i++)
        parameters[i] = GATHER(fresh, a->parameters + i * a->stride, run, parameters[i]);
}

/* Which lanes hold numbers only. */
INLINE mask SELF(finite)(BUFFER(const real) state)
{
    mask finite = ALL_LANES;
    UNROLL
    for (int i = 0; i < SIZE(state); i++)
        finite = AND(finite, FINITE(state[i]));
    return finite;
}

INLINE void SELF(save)(mask lanes, const arguments *a, integer row, integer run, BUFFER(const real) state)
{
    UNROLL
    for (int i = 0; i < SIZE(state); i++)
        SCATTER(lanes, a->states + i * a->stride, row, SIZE(state) * a->stride, run, state[i]);
}

/* Gives up a run: the rows that it does not reach hold NaN. */
INLINE void SELF(abandon)(mask lanes, const arguments *a, integer row, integer run)
{
    for (integer_scalar missing = 0; missing < a->rows; missing++)
        for (int i = 0; i < SIZE(state); i++)
            SCATTER(AND(lanes, LE(row, INTEGER(missing))), a->states + i * a->stride, INTEGER(missing),
                    SIZE(state) * a->stride, run, REAL(0.0) / REAL(0.0));
}

/* Where the initial state is saved it is row 0, and interval 0 ends in row 1. */
INLINE integer_scalar SELF(first_row)(const arguments *a)
{
    return (integer_scalar)(a->rows - a->intervals);
}

/* Saves the state of the lanes that have come to the end of their interval, and gives up the runs of
 * those that have a status. Answers which runs have ended. */
INLINE mask SELF(arrive)(mask lanes, const arguments *a, integer run, integer *interval, integer *status,
                         BUFFER(const real) state)
{
    /* What the state is after a step that failed says nothing. */
    const mask broken = AND(EQ(*status, INTEGER(0)), NOT(SELF(finite)(state)));
    *status = SELECT_INTEGER(AND(lanes, broken), INTEGER(NON_FINITE), *status);
    const mask failed = AND(lanes, NE(*status, INTEGER(0)));
    const integer row = *interval + SELF(first_row)(a);
    SELF(save)(AND(lanes, NOT(failed)), a, row, run, state);
    if (ANY(failed))
        SELF(abandon)(failed, a, row, run);
    *interval = SELECT_INTEGER(lanes, *interval + 1, *interval);
    const mask ended = AND(lanes, OR(failed, EQ(*interval, INTEGER((integer_scalar)a->intervals))));
    for (int lane = 0; lane < BUFFERS_LANES; lane++)
        if (LANE(ended, lane))
            a->status[LANE(run, lane)] = (int)LANE(*status, lane);
    return ended;
}
