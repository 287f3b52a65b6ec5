/* The integrating controller: the error of a step says how long the next one may be. */

/* The logarithm of the next step over the attempted one. `error` is that of the mean square of the errors, in
 * units of what is tolerated; `chosen` are the lanes whose step was not cut short before a save point. */
INLINE real SELF(growth)(memory m, mask accepted, mask chosen, real error, real attempt)
{
    return FMA(SELF(integral), error, SELF(safety));
}
