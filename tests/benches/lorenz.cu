/* The Lorenz system by hand: what one writes for this system and these two methods alone. One thread per
 * run, all that a step needs in registers, weights times the step made once, sums fused.
 *
 * `real` and the arguments are as in the kernels that this is compared with: tables hold one value per run,
 * the run's number fastest. */

extern "C" {

struct arguments {
    const real *initial; /* [state][run] */
    const real *rho;     /* [run] */
    real *end;           /* [state][run] */
    long long runs, steps;
    real dt;
};

static __device__ __forceinline__ void lorenz(real x, real y, real z, real rho, real &dx, real &dy, real &dz)
{
    const real sigma = (real)10.0, beta = (real)(8.0 / 3.0);
    dx = sigma * (y - x);
    dy = fma(x, rho - z, -y);
    dz = fma(x, y, -(beta * z));
}

#define BEGIN                                                                                      \
    const long long run = blockIdx.x * (long long)blockDim.x + threadIdx.x;                        \
    if (run >= a.runs)                                                                             \
        return;                                                                                    \
    real x = a.initial[run], y = a.initial[a.runs + run], z = a.initial[2 * a.runs + run];         \
    const real rho = a.rho[run], dt = a.dt;                                                        \
    const int steps = (int)a.steps;

#define END                                                                                        \
    a.end[run] = x;                                                                                \
    a.end[a.runs + run] = y;                                                                       \
    a.end[2 * a.runs + run] = z;

__global__ void rk4(const arguments a)
{
    BEGIN
    const real half = dt / 2, sixth = dt / 6, third = dt / 3;
    for (int step = 0; step < steps; step++) {
        real k1x, k1y, k1z, k2x, k2y, k2z, k3x, k3y, k3z, k4x, k4y, k4z;
        lorenz(x, y, z, rho, k1x, k1y, k1z);
        lorenz(fma(half, k1x, x), fma(half, k1y, y), fma(half, k1z, z), rho, k2x, k2y, k2z);
        lorenz(fma(half, k2x, x), fma(half, k2y, y), fma(half, k2z, z), rho, k3x, k3y, k3z);
        lorenz(fma(dt, k3x, x), fma(dt, k3y, y), fma(dt, k3z, z), rho, k4x, k4y, k4z);
        x = fma(sixth, k4x, fma(third, k3x, fma(third, k2x, fma(sixth, k1x, x))));
        y = fma(sixth, k4y, fma(third, k3y, fma(third, k2y, fma(sixth, k1y, y))));
        z = fma(sixth, k4z, fma(third, k3z, fma(third, k2z, fma(sixth, k1z, z))));
    }
    END
}

__global__ void tsit5(const arguments a)
{
    BEGIN
    const real a21 = dt * (real)0.161;
    const real a31 = dt * (real)-0.008480655492356989, a32 = dt * (real)0.335480655492357;
    const real a41 = dt * (real)2.8971530571054935, a42 = dt * (real)-6.359448489975075,
               a43 = dt * (real)4.3622954328695815;
    const real a51 = dt * (real)5.325864828439257, a52 = dt * (real)-11.748883564062828,
               a53 = dt * (real)7.4955393428898365, a54 = dt * (real)-0.09249506636175525;
    const real a61 = dt * (real)5.86145544294642, a62 = dt * (real)-12.92096931784711,
               a63 = dt * (real)8.159367898576159, a64 = dt * (real)-0.071584973281401,
               a65 = dt * (real)-0.028269050394068383;
    const real b1 = dt * (real)0.09646076681806523, b2 = dt * (real)0.01, b3 = dt * (real)0.4798896504144996,
               b4 = dt * (real)1.379008574103742, b5 = dt * (real)-3.290069515436081,
               b6 = dt * (real)2.324710524099774;
    real k1x, k1y, k1z, k2x, k2y, k2z, k3x, k3y, k3z, k4x, k4y, k4z, k5x, k5y, k5z, k6x, k6y, k6z;
    /* The last derivative of a step is the first of the next. */
    lorenz(x, y, z, rho, k1x, k1y, k1z);
    for (int step = 0; step < steps; step++) {
#define STAGE2(u) fma(a21, k1##u, u)
#define STAGE3(u) fma(a32, k2##u, fma(a31, k1##u, u))
#define STAGE4(u) fma(a43, k3##u, fma(a42, k2##u, fma(a41, k1##u, u)))
#define STAGE5(u) fma(a54, k4##u, fma(a53, k3##u, fma(a52, k2##u, fma(a51, k1##u, u))))
#define STAGE6(u) fma(a65, k5##u, fma(a64, k4##u, fma(a63, k3##u, fma(a62, k2##u, fma(a61, k1##u, u)))))
#define RESULT(u) \
    fma(b6, k6##u, fma(b5, k5##u, fma(b4, k4##u, fma(b3, k3##u, fma(b2, k2##u, fma(b1, k1##u, u))))))
        lorenz(STAGE2(x), STAGE2(y), STAGE2(z), rho, k2x, k2y, k2z);
        lorenz(STAGE3(x), STAGE3(y), STAGE3(z), rho, k3x, k3y, k3z);
        lorenz(STAGE4(x), STAGE4(y), STAGE4(z), rho, k4x, k4y, k4z);
        lorenz(STAGE5(x), STAGE5(y), STAGE5(z), rho, k5x, k5y, k5z);
        lorenz(STAGE6(x), STAGE6(y), STAGE6(z), rho, k6x, k6y, k6z);
        x = RESULT(x);
        y = RESULT(y);
        z = RESULT(z);
        lorenz(x, y, z, rho, k1x, k1y, k1z);
    }
    END
}
}
