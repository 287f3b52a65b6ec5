/* The proportional-integrating controller of Gustafsson (1991): it also sees whether the error grows, so
 * that steps do not swing where stability bounds them. */

/* The logarithm of the next step over the attempted one. `error` is that of the mean square of the errors, in
 * units of what is tolerated; `chosen` are the lanes whose step was not cut short before a save point. */
INLINE real SELF(growth)(memory m, mask accepted, mask chosen, real error, real attempt)
{
    /* Of the last accepted step, bounded so that one exact step is forgotten soon; 0 at first. */
    ALLOCATE(prev_error, m);
    const real steady = FMA(SELF(proportional), error, SELF(integral) * prev_error[0]);
    const real growth = SELECT(accepted, steady, SELF(rejected) * error) + SELF(safety);
    const real bounded = SELECT_LESS(error, REAL(-26.0), REAL(-26.0), error);
    prev_error[0] = SELECT(AND(accepted, chosen), bounded, prev_error[0]);
    return growth;
}
