/* A stand-in for NVIDIA's driver: what the CUDA device calls, over the host's memory. It runs one
 * kernel, `sums` of `cuda_device.rs`, and is strict where the real driver is. */

#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))

enum {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NO_DEVICE = 100,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    NO_BINARY_FOR_GPU = 209,
    NOT_FOUND = 500,
};

/* Of an H100. */
enum { SHARED_OF_MULTIPROCESSOR = 233472, SHARED_OF_BLOCK = 232448, SHARED_BY_DEFAULT = 49152 };

static __thread int current;
static int retained, context, stream, module, function, allowed = SHARED_BY_DEFAULT;
static long live;

static long setting(const char *name, long otherwise)
{
    const char *value = getenv(name);
    return value ? atol(value) : otherwise;
}

API int cuDriverGetVersion(int *version)
{
    *version = (int)setting("STAND_IN_VERSION", 12080);
    return SUCCESS;
}

API int cuInit(unsigned flags)
{
    return flags ? INVALID_VALUE : setting("STAND_IN_GPUS", 1) ? SUCCESS : NO_DEVICE;
}

API int cuGetErrorString(int error, const char **text)
{
    *text = error == NOT_FOUND ? "named symbol not found" : "an error of the stand-in";
    return SUCCESS;
}

API int cuGetErrorName(int error, const char **text)
{
    return cuGetErrorString(error, text);
}

API int cuDeviceGetCount(int *count)
{
    *count = (int)setting("STAND_IN_GPUS", 1);
    return SUCCESS;
}

API int cuDeviceGet(int *device, int ordinal)
{
    *device = ordinal;
    return SUCCESS;
}

API int cuDeviceGetName(char *name, int length, int device)
{
    (void)device;
    strncpy(name, "stand-in", (size_t)length);
    return SUCCESS;
}

API int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    (void)device;
    switch (attribute) {
    case 75: *value = (int)setting("STAND_IN_MAJOR", 9); return SUCCESS;
    case 76: *value = 0; return SUCCESS;
    case 97: *value = SHARED_OF_BLOCK; return SUCCESS;
    case 115: *value = (int)setting("STAND_IN_POOLS", 1); return SUCCESS;
    default: return INVALID_VALUE;
    }
}

API int cuDevicePrimaryCtxRetain(void **result, int device)
{
    (void)device;
    retained++;
    *result = &context;
    return SUCCESS;
}

API int cuDevicePrimaryCtxRelease_v2(int device)
{
    (void)device;
    /* What the devices took they have given back. */
    if (--retained == 0 && live != 0)
        abort();
    return SUCCESS;
}

API int cuCtxGetCurrent(void **result)
{
    *result = current ? &context : 0;
    return SUCCESS;
}

API int cuCtxSetCurrent(void *of)
{
    current = of == &context;
    return SUCCESS;
}

API int cuCtxSynchronize(void)
{
    return SUCCESS;
}

API int cuMemGetInfo_v2(size_t *available, size_t *total)
{
    *available = (size_t)setting("STAND_IN_MEMORY", 1 << 30);
    *total = 1 << 30;
    return current ? SUCCESS : INVALID_CONTEXT;
}

API int cuStreamCreate(void **result, unsigned flags)
{
    (void)flags;
    live++;
    *result = &stream;
    return SUCCESS;
}

API int cuStreamDestroy_v2(void *of)
{
    (void)of;
    live--;
    return SUCCESS;
}

API int cuStreamSynchronize(void *of)
{
    return of == &stream ? SUCCESS : INVALID_VALUE;
}

API int cuStreamWaitEvent(void *of, void *event, unsigned flags)
{
    (void)flags;
    return of == &stream && event ? SUCCESS : INVALID_VALUE;
}

API int cuEventCreate(void **event, unsigned flags)
{
    (void)flags;
    live++;
    *event = malloc(1);
    return SUCCESS;
}

API int cuEventRecord(void *event, void *of)
{
    return of == &stream && event ? SUCCESS : INVALID_VALUE;
}

API int cuEventDestroy_v2(void *event)
{
    live--;
    free(event);
    return SUCCESS;
}

API int cuMemAlloc_v2(unsigned long long *address, size_t bytes)
{
    if (bytes == 0)
        return INVALID_VALUE;
    if (bytes > (size_t)setting("STAND_IN_MEMORY", 1 << 30))
        return OUT_OF_MEMORY;
    live++;
    *address = (unsigned long long)malloc(bytes);
    return SUCCESS;
}

API int cuMemAllocAsync(unsigned long long *address, size_t bytes, void *of)
{
    return of == &stream ? cuMemAlloc_v2(address, bytes) : INVALID_VALUE;
}

API int cuMemFree_v2(unsigned long long address)
{
    live--;
    free((void *)address);
    return SUCCESS;
}

API int cuMemFreeAsync(unsigned long long address, void *of)
{
    return of == &stream ? cuMemFree_v2(address) : INVALID_VALUE;
}

API int cuMemsetD8Async(unsigned long long address, unsigned char value, size_t bytes, void *of)
{
    memset((void *)address, value, bytes);
    return of == &stream ? SUCCESS : INVALID_VALUE;
}

API int cuMemcpyHtoDAsync_v2(unsigned long long to, const void *from, size_t bytes, void *of)
{
    memcpy((void *)to, from, bytes);
    return of == &stream ? SUCCESS : INVALID_VALUE;
}

API int cuMemcpyDtoHAsync_v2(void *to, unsigned long long from, size_t bytes, void *of)
{
    memcpy(to, (const void *)from, bytes);
    return of == &stream ? SUCCESS : INVALID_VALUE;
}

API int cuModuleLoadData(void **result, const void *image)
{
    if (!current)
        return INVALID_CONTEXT;
    if (memcmp(image, "\177ELF", 4) == 0) {
        if (setting("STAND_IN_REFUSES_CUBIN", 0))
            return NO_BINARY_FOR_GPU;
    } else if (!strstr(image, ".entry sums(")) {
        return INVALID_IMAGE;
    }
    live++;
    *result = &module;
    return SUCCESS;
}

API int cuModuleUnload(void *of)
{
    (void)of;
    live--;
    return SUCCESS;
}

API int cuModuleGetFunction(void **result, void *of, const char *name)
{
    *result = &function;
    return of == &module && strcmp(name, "sums") == 0 ? SUCCESS : NOT_FOUND;
}

API int cuFuncGetAttribute(int *value, int attribute, void *of)
{
    *value = attribute == 0 ? 1024 : 0;
    return of == &function && current ? SUCCESS : INVALID_VALUE;
}

API int cuFuncSetAttribute(void *of, int attribute, int value)
{
    if (of != &function || attribute != 8 || value > SHARED_OF_BLOCK)
        return INVALID_VALUE;
    allowed = value;
    return SUCCESS;
}

API int cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, void *of, int threads,
                                                             size_t shared, unsigned flags)
{
    const int of_threads = 2048 / ((threads + 31) / 32 * 32);
    const int of_shared = SHARED_OF_MULTIPROCESSOR / ((int)shared + 1024);
    (void)flags;
    *blocks = of_threads < of_shared ? of_threads : of_shared;
    *blocks = *blocks < 32 ? *blocks : 32;
    return of == &function && shared <= (size_t)allowed ? SUCCESS : INVALID_VALUE;
}

struct arguments {
    const float *x, *none;
    float *y;
    long long runs;
};

API int cuLaunchKernel(void *of, unsigned grid, unsigned grid_y, unsigned grid_z, unsigned block,
                       unsigned block_y, unsigned block_z, unsigned shared, void *on,
                       void **parameters, void **extra)
{
    struct arguments a;
    if (of != &function || on != &stream || !current || extra || grid_y * grid_z != 1
        || block_y * block_z != 1 || block == 0 || block > 1024 || shared > (unsigned)allowed)
        return INVALID_VALUE;
    memcpy(&a, parameters[0], sizeof a);
    if (a.none)
        return INVALID_VALUE;
    const long long elements = shared / block / 4;
    /* Each run once, and no block without a run. */
    if (a.runs <= (long long)(grid - 1) * block || a.runs > (long long)grid * block)
        return INVALID_VALUE;
    for (long long run = 0; run < a.runs; run++)
        a.y[run] = (float)elements * a.x[run] + (float)(elements * (elements - 1) / 2);
    return SUCCESS;
}
