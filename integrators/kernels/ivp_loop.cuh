/* The initial value problem of each run, from save point to save point with a fixed step.
 *
 * All lanes take the steps of one interval together, so the loop over steps has no masks but that of
 * the runs which have not failed. Between intervals each lane is on its own: it saves, and where its
 * run has ended it takes the next one. */

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
        SCATTER(lanes, a->states + i * a->runs, row, SIZE(state) * a->runs, run, state[i]);
}

/* Gives up a run: the rows that it does not reach hold NaN. */
INLINE void SELF(abandon)(mask lanes, const arguments *a, integer row, integer run)
{
    for (integer_scalar missing = 0; missing < a->rows; missing++)
        for (int i = 0; i < SIZE(state); i++)
            SCATTER(AND(lanes, LE(row, INTEGER(missing))), a->states + i * a->runs, INTEGER(missing),
                    SIZE(state) * a->runs, run, REAL(0.0) / REAL(0.0));
}

INLINE void SELF(integrate)(memory m, const arguments *a, queue runs)
{
    ALLOCATE(state, m);
    ALLOCATE(proposed_state, m);
    ALLOCATE(parameters, m);
    const real dt = SPLAT(a->dt.high);
    const precise start = PRECISE(a->start);
    const integer_scalar steps = (integer_scalar)a->steps;
    /* Where the initial state is saved it is row 0, and interval 0 ends in row 1. */
    const integer_scalar first_row = (integer_scalar)(a->rows - a->intervals);
    mask busy = NO_LANES;
    integer run = INTEGER(0), interval = INTEGER(0), status = INTEGER(0);

    for (;;) {
        const mask fresh = TAKE(&runs, NOT(busy), &run);
        busy = OR(busy, fresh);
        if (!ANY(busy))
            return;
        if (ANY(fresh)) {
            interval = SELECT_INTEGER(fresh, INTEGER(0), interval);
            status = SELECT_INTEGER(fresh, INTEGER(0), status);
            UNROLL
            for (int i = 0; i < SIZE(state); i++)
                state[i] = GATHER(fresh, a->initial_states + i * a->runs, run, state[i]);
            UNROLL
            for (int i = 0; i < SIZE(parameters); i++)
                parameters[i] = GATHER(fresh, a->parameters + i * a->runs, run, parameters[i]);
            AT(busy, run, interval * INTEGER(steps));
            buffers_reset(m, fresh);
            CHILD(step, begin)(m, fresh, state, parameters, start.high + start.low, proposed_state);
            if (first_row == 1)
                SELF(save)(fresh, a, interval, run, state);
        }

        const precise interval_start = ADVANCE(start, interval, a->interval);
        for (integer_scalar k = 0; k < steps; k++) {
            const precise t = ADVANCE(interval_start, INTEGER(k), a->dt);
            const mask going = AND(busy, EQ(status, INTEGER(0)));
            AT(going, run, interval * INTEGER(steps) + INTEGER(k));
            status = status | CHILD(step, step)(m, going, state, proposed_state, 0, parameters, t.high + t.low, dt);
            UNROLL
            for (int i = 0; i < SIZE(state); i++)
                state[i] = proposed_state[i];
        }

        /* What the state is after a step that failed says nothing. */
        const mask broken = AND(EQ(status, INTEGER(0)), NOT(SELF(finite)(state)));
        status = SELECT_INTEGER(broken, INTEGER(NON_FINITE), status);
        const mask failed = AND(busy, NE(status, INTEGER(0)));
        const integer row = interval + first_row;
        SELF(save)(AND(busy, NOT(failed)), a, row, run, state);
        if (ANY(failed))
            SELF(abandon)(failed, a, row, run);
        interval = interval + 1;
        const mask ended = AND(busy, OR(failed, EQ(interval, INTEGER((integer_scalar)a->intervals))));
        for (int lane = 0; lane < BUFFERS_LANES; lane++)
            if (LANE(ended, lane))
                a->status[LANE(run, lane)] = (int)LANE(status, lane);
        busy = AND(busy, NOT(ended));
    }
}
