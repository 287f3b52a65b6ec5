/* The predictive controller of Gustafsson (1994), after Hairer and Wanner (1996), equation IV.8.25: as
 * errors went from one step to the next they will go on, so that steps become shorter in time where a
 * system becomes stiffer. It never lengthens a step by more than the error of the last one allows. */

/* The logarithm of the next step over the attempted one. `error` is that of the mean square of the errors, in
 * units of what is tolerated; `chosen` are the lanes whose step was not cut short before a save point. */
INLINE real SELF(growth)(memory m, mask accepted, mask chosen, real error, real attempt)
{
    /* Of the last accepted step that was chosen: its length, 0 at first, and its error. */
    ALLOCATE(prev_step, m);
    ALLOCATE(prev_error, m);
    const mask known = AND(accepted, LT(REAL(0.0), prev_step[0]));
    const real ratio = LOG2(SELECT(known, attempt / prev_step[0], REAL(1.0)));
    const real direct = SELF(integral) * error;
    const real predicted = ratio + SELF(integral) * (REAL(2.0) * error - prev_error[0]);
    const real growth = SELECT(AND(known, LT(predicted, direct)), predicted, direct) + SELF(safety);
    const mask kept = AND(accepted, chosen);
    const real bounded = SELECT_LESS(error, REAL(-13.3), REAL(-13.3), error);
    prev_step[0] = SELECT(kept, attempt, prev_step[0]);
    prev_error[0] = SELECT(kept, bounded, prev_error[0]);
    return growth;
}
