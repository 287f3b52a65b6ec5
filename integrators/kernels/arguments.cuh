/* What the solver passes. Tables hold one value per run, the run's number fastest; their rows begin
 * `stride` values apart. The loop adds what it needs as LOOP_ARGUMENTS. */
typedef struct {
    const real_scalar *initial_states; /* [state][run] */
    const real_scalar *parameters;     /* [parameter][run] */
    real_scalar *states;               /* [row][state][run] */
    int *status;                       /* [run], bits of the enum below */
    pair start, interval;
    long long runs, stride, rows;
    long long intervals;               /* `rows`, or one less where the initial state is row 0 */
    LOOP_ARGUMENTS
} arguments;

enum {
    NON_FINITE = 1,
    STEP_TOO_SMALL = 2,
    TOO_MANY_STEPS = 4,
    NEWTON_ITERATIONS = 8,
    LINEAR_ITERATIONS = 16,
    NEWTON_DIVERGENCE = 32,
    SINGULAR = 64
};
