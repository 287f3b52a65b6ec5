/* The initial value problem of each run, from save point to save point with steps as long as a tolerance
 * allows.
 *
 * Every lane has a step of its own. All lanes attempt one together; those whose error is tolerated accept
 * it, the others try a shorter one. Where a lane comes to a save point or fails, the others wait: it saves,
 * and where its run has ended it takes the next one.
 *
 * Time is counted from the last save point in two reals, and save points are counted by integers, so that
 * each is reached exactly: the step before it is as long as what is left. */

/* Time is held to so much of itself. */
#if REAL_BITS == 32
#define RESOLUTION (EPSILON * EPSILON)
#else
#define RESOLUTION EPSILON
#endif

/* The largest of some values, in units of what is tolerated. */
INLINE real SELF(largest)(const arguments *a, BUFFER(const real) values, BUFFER(const real) state)
{
    const real atol = SPLAT(a->atol.high), rtol = SPLAT(a->rtol.high);
    real largest = REAL(0.0);
    UNROLL
    for (int i = 0; i < SIZE(state); i++)
        largest = MAX(largest, SCALED(ABS(values[i]), ABS(state[i]), atol, rtol));
    return largest;
}

/* A first step: Hairer, Norsett and Wanner (1993), section II.4, by largest components, whose squares need
 * not be held. It is no number where the state or its derivative, `slope`, is none. The buffers that it does
 * not only read are overwritten. */
INLINE real SELF(first_step)(const arguments *a, BUFFER(const real) state, BUFFER(const real) parameters, real t,
                             BUFFER(const real) slope, BUFFER(real) next, BUFFER(real) next_slope)
{
    const real size = SELF(largest)(a, state, state), speed = SELF(largest)(a, slope, state);
    const mask at_rest = OR(LT(size, REAL(1e-5)), LT(speed, REAL(1e-5)));
    const real probe = SELECT(at_rest, REAL(1e-6), REAL(0.01) * (size / speed));
    UNROLL
    for (int i = 0; i < SIZE(state); i++)
        next[i] = FMA(probe, slope[i], state[i]);
    system_derivatives(next, parameters, t + probe, next_slope);
    UNROLL
    for (int i = 0; i < SIZE(state); i++)
        next_slope[i] = (next_slope[i] - slope[i]) / probe;
    const real bend = MAX(speed, SELF(largest)(a, next_slope, state));
    /* A number also where the probe went too far. */
    const real bounded = SELECT(LT(bend, REAL(1e30)), bend, REAL(1e30));
    const real straight = MAX(REAL(1e-6), REAL(1e-3) * probe);
    const real bent = EXP2(LOG2(REAL(0.01) / bounded) * SELF(inverse_order));
    return MIN(REAL(100.0) * probe, SELECT(LE(bounded, REAL(1e-15)), straight, bent));
}

INLINE void SELF(integrate)(memory m, const arguments *a, queue runs)
{
    ALLOCATE(state, m);
    ALLOCATE(proposed_state, m);
    ALLOCATE(parameters, m);
    ALLOCATE(error, m);
    ALLOCATE(slope, m);
    const precise start = PRECISE(a->start), length = PRECISE(a->interval);
    const real atol = SPLAT(a->atol.high), rtol = SPLAT(a->rtol.high);
    const real longest = SPLAT(a->longest_step.high);
    const integer max_steps = INTEGER((integer_scalar)a->max_steps);
    mask busy = NO_LANES, stopped = ALL_LANES;
    integer run = INTEGER(0), interval = INTEGER(0), status = INTEGER(0);
    integer steps = INTEGER(0), attempts = INTEGER(0);
    precise interval_start = start, elapsed = start;
    real dt = REAL(0.0), shortest = REAL(0.0);

    for (;;) {
        if (ANY(stopped)) {
            {
                PHASE(save);
                const mask ended = SELF(arrive)(AND(busy, stopped), a, run, &interval, &status, state);
                for (int lane = 0; lane < BUFFERS_LANES; lane++)
                    if (LANE(ended, lane)) {
                        a->steps[LANE(run, lane)] = (int)LANE(steps, lane);
                        a->attempts[LANE(run, lane)] = (int)LANE(attempts, lane);
                    }
                busy = AND(busy, NOT(ended));
            }
            const mask fresh = TAKE(&runs, NOT(busy), &run);
            busy = OR(busy, fresh);
            if (!ANY(busy))
                return;
            if (ANY(fresh)) {
                PHASE(begin);
                const real t = start.high + start.low;
                interval = SELECT_INTEGER(fresh, INTEGER(0), interval);
                status = SELECT_INTEGER(fresh, INTEGER(0), status);
                steps = SELECT_INTEGER(fresh, INTEGER(0), steps);
                attempts = SELECT_INTEGER(fresh, INTEGER(0), attempts);
                SELF(read)(fresh, a, run, state, parameters);
                AT(busy, run, attempts);
                buffers_reset(m, fresh);
                if (SELF(first_row)(a) == 1)
                    SELF(save)(fresh, a, interval, run, state);
                system_derivatives(state, parameters, t, slope);
                real first = SPLAT(a->first_step.high);
                if (a->first_step.high == 0)
                    first = SELF(first_step)(a, state, parameters, t, slope, proposed_state, error);
                dt = SELECT(fresh, first, dt);
                CHILD(step, begin)(m, fresh, slope);
            }
            interval_start = ADVANCE(start, interval, a->interval);
            shortest = FMA(RESOLUTION, ABS(interval_start.high), SPLAT(a->smallest_step.high));
            dt = MAX(MIN(dt, longest), shortest);
            elapsed.high = SELECT(stopped, REAL(0.0), elapsed.high);
            elapsed.low = SELECT(stopped, REAL(0.0), elapsed.low);
        }

        const real left = (length.high - elapsed.high) + (length.low - elapsed.low);
        /* A step that is longer by this leaves no far shorter one behind, and so does the longest one where it
         * is longer by the rounding of its multiples. */
        mask arrives = LE(left, REAL(1.01) * dt);
        if (SELF(has_max_step))
            arrives = AND(arrives, LE(left, FMA(EPSILON, length.high, longest)));
        const real attempt = SELECT(arrives, left, dt);
        const real t = interval_start.high + (elapsed.high + (interval_start.low + elapsed.low));
        integer failure;
        real square;
        AT(busy, run, attempts);
        {
            PHASE(step);
            failure = CHILD(step, step)(m, busy, state, proposed_state, error, parameters, t, attempt);
            square = SCALED_SQUARE(error, state, proposed_state, SIZE(state), atol, rtol);
        }
        const mask solved = EQ(failure, INTEGER(0)), accepted = AND(solved, LE(square, REAL(1.0)));
        const mask measured = AND(solved, LT(square, REAL(1e30)));
        const real excess = LOG2(SELECT(measured, square, REAL(1e30)));
        real growth;
        {
            PHASE(accept);
            growth = CHILD(controller, growth)(m, accepted, NOT(arrives), excess, attempt);
            CHILD(step, commit)(m, accepted, attempt);
            UNROLL
            for (int i = 0; i < SIZE(state); i++)
                ASSIGN(accepted, state[i], proposed_state[i]);
        }
        const real most = REAL(3.321928094887362), least = REAL(-2.321928094887362); /* 10 and 1/5 */
        growth = SELECT_LESS(growth, most, growth, most);
        real next = attempt * EXP2(SELECT_LESS(least, growth, growth, least));
        if (SELF(has_max_step))
            next = SELECT_LESS(longest, next, longest, next);
        const precise sum = TWO_SUM(elapsed.high, SELECT(accepted, attempt, REAL(0.0)));
        elapsed.high = sum.high;
        elapsed.low = elapsed.low + sum.low;
        const mask arrived = AND(accepted, arrives);
        dt = SELECT(arrived, dt, next);
        attempts = attempts + 1;
        steps = SELECT_INTEGER(accepted, steps + 1, steps);

        /* A step that would not move time does not help; neither does one that is no number. */
        const mask stuck = NOT(LE(FMA(RESOLUTION, elapsed.high, shortest), next));
        const mask spent = LE(max_steps, attempts);
        stopped = AND(busy, OR(arrived, OR(stuck, spent)));
        if (ANY(stopped)) {
            const mask failed = AND(stopped, NOT(arrived));
            const integer cause = SELECT_INTEGER(FINITE(square), INTEGER(STEP_TOO_SMALL), INTEGER(NON_FINITE));
            status = SELECT_INTEGER(failed, INTEGER(TOO_MANY_STEPS), status);
            status = SELECT_INTEGER(AND(failed, stuck), SELECT_INTEGER(solved, cause, failure), status);
        }
    }
}

#undef RESOLUTION
