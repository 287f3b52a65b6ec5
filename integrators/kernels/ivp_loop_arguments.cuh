#define LOOP_ARGUMENTS                                                                             \
    pair dt;                                                                                       \
    long long steps; /* in one interval */
