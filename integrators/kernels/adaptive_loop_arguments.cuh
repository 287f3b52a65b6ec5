#define LOOP_ARGUMENTS                                                                             \
    int *steps, *attempts; /* [run] */                                                             \
    pair atol, rtol;                                                                               \
    pair first_step;       /* 0 where the loop finds one */                                        \
    pair smallest_step, longest_step;                                                              \
    long long max_steps;   /* attempts of one run */
