/* The explicit Euler method. */

INLINE void SELF(begin)(memory m, mask fresh, BUFFER(const real) slope)
{
}

INLINE integer SELF(step)(memory m, mask lanes, BUFFER(const real) state, BUFFER(real) proposed_state,
                          BUFFER(real) error, BUFFER(const real) parameters, real t, real dt)
{
    system_derivatives(state, parameters, t, proposed_state);
    UNROLL
    for (int i = 0; i < system_states; i++)
        proposed_state[i] = FMA(dt, proposed_state[i], state[i]);
    return INTEGER(0);
}

INLINE void SELF(commit)(memory m, mask accepted, real dt)
{
}
