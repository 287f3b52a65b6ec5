/* The kernel: every group of lanes takes runs from its queue until there are none left. */
INLINE void batch_kernel_runs(memory m, const arguments *a, queue runs)
{
    CHILD(loop, integrate)(m, a, runs);
}

KERNEL(batch_kernel)
