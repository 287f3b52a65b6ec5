/* The initial value problem of each run, from save point to save point with a fixed step.
 *
 * All lanes take the steps of one interval together, so the loop over steps has no masks but that of
 * the runs which have not failed. Between intervals each lane is on its own: it saves, and where its
 * run has ended it takes the next one. */

INLINE void SELF(integrate)(memory m, const arguments *a, queue runs)
{
    ALLOCATE(state, m);
    ALLOCATE(proposed_state, m);
    ALLOCATE(parameters, m);
    const real dt = SPLAT(a->dt.high);
    const precise start = PRECISE(a->start);
    const integer_scalar steps = (integer_scalar)a->steps;
    mask busy = NO_LANES;
    integer run = INTEGER(0), interval = INTEGER(0), status = INTEGER(0);

    for (;;) {
        const mask fresh = TAKE(&runs, NOT(busy), &run);
        busy = OR(busy, fresh);
        if (!ANY(busy))
            return;
        if (ANY(fresh)) {
            PHASE(begin);
            interval = SELECT_INTEGER(fresh, INTEGER(0), interval);
            status = SELECT_INTEGER(fresh, INTEGER(0), status);
            SELF(read)(fresh, a, run, state, parameters);
            AT(busy, run, interval * INTEGER(steps));
            buffers_reset(m, fresh);
            system_derivatives(state, parameters, start.high + start.low, proposed_state);
            CHILD(step, begin)(m, fresh, proposed_state);
            if (SELF(first_row)(a) == 1)
                SELF(save)(fresh, a, interval, run, state);
        }

        const precise interval_start = ADVANCE(start, interval, a->interval);
        for (integer_scalar k = 0; k < steps; k++) {
            PHASE(step);
            const precise t = ADVANCE(interval_start, INTEGER(k), a->dt);
            const mask going = AND(busy, EQ(status, INTEGER(0)));
            AT(going, run, interval * INTEGER(steps) + INTEGER(k));
            status = status | CHILD(step, step)(m, going, state, proposed_state, 0, parameters, t.high + t.low, dt);
            UNROLL
            for (int i = 0; i < SIZE(state); i++)
                state[i] = proposed_state[i];
        }

        {
            PHASE(save);
            busy = AND(busy, NOT(SELF(arrive)(busy, a, run, &interval, &status, state)));
        }
    }
}
