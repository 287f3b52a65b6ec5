/* The sanitizer build of a kernel, in C++17. Kernel text stays as it is; what it takes for buffers are
 * views, and every element that it reads or writes through them is checked.
 *
 * Beside the bytes of every element lies its shadow: whose data it holds, which lanes of it were written,
 * and when it died. What dies becomes NaN. After a fault the text goes on, with NaN for what cannot be
 * read, and without what cannot be written.
 *
 * Before it stand the facts of the layout, in macros that this text explains. A kernel has one thread on
 * the host, and on CUDA at most one block of BUFFERS_MOST_THREADS. Each has memory and a list of its own. */

#define BUFFERS_SANITIZER 1
/* BUFFERS_ONCE is a function that is not copied to where it is called. */
#if defined(BUFFERS_CUDA)
#define BUFFERS_ONCE static __device__ __noinline__ __attribute__((unused))
#define BUFFERS_THREAD threadIdx.x
#else
#include <string.h>
#define BUFFERS_ONCE static __attribute__((noinline, unused))
#define BUFFERS_THREAD 0
#endif

namespace buffers_sanitizer {

typedef unsigned long long bits;    /* a set of phases, or of lanes */

/* ---- Facts of the layout ---- */

/* Elements up to `end`, from those of the piece before, are live in the phases of the bits `live`. */
struct piece {
    long long end;
    bits live;
};

struct buffer_facts {
    long long size;
    int lane_bytes;     /* of one lane of an element */
    int instance;
    int persistent;
    long long byte;     /* its start in the pool of all memory */
    long long element;  /* the same in elements */
    int takes_over;     /* the buffer that hands its elements over to it; -1 for none */
    int first_piece;
};

struct instance_facts {
    int parent;         /* -1 for the root */
    bits calls;         /* the parent's phases in which it is called */
};

/* Each list ends with one entry that means nothing, so that none is empty. */
static const piece PIECES[] = {BUFFERS_PIECES{0, 0}};
static const buffer_facts BUFFER_FACTS[] = {BUFFERS_FACTS{0, 0, 0, 0, 0, 0, 0, 0}};
static const instance_facts INSTANCE_FACTS[] = {BUFFERS_INSTANCES{0, 0}};
enum {
    BUFFER_COUNT = sizeof BUFFER_FACTS / sizeof *BUFFER_FACTS - 1,
    INSTANCE_COUNT = sizeof INSTANCE_FACTS / sizeof *INSTANCE_FACTS - 1
};

static bool has(bits set, int bit)
{
    return set >> bit & 1;
}

static bool is_live(int buffer, long long index, int phase)
{
    const piece *p = &PIECES[BUFFER_FACTS[buffer].first_piece];
    while (p->end <= index)
        p++;
    return has(p->live, phase);
}

/* ---- State ---- */

/* No buffer, phase, run or step; of what killed data, that nothing did, or that a call allocated anew. */
enum { NONE = -1, BY_CALL = -2 };

struct shadow {
    bits written;   /* the lanes that hold data */
    int owner;          /* the buffer whose data it is, or was */
    int phase;          /* of the owner's factory, in which it was written */
    int killed_in;      /* of the owner's factory, in which it died; or BY_CALL */
};

/* What one thread has. */
struct thread {
    alignas(8 * BUFFERS_LANES) unsigned char pool[BUFFERS_POOL_BYTES + 1];
    shadow pool_shadows[BUFFERS_POOL_ELEMENTS + 1];
    int phases[INSTANCE_COUNT + 1];
    bits active;                    /* the lanes that hold a run */
    long long runs[BUFFERS_LANES], steps[BUFFERS_LANES];
};
static thread threads[BUFFERS_MOST_THREADS];
static const bits ALL = ~(bits)0 >> (64 - BUFFERS_LANES);

static thread &here()
{
    return threads[BUFFERS_THREAD];
}

/* ---- Faults ---- */

enum kind {
    OUT_OF_BOUNDS,
    DEAD,
    UNWRITTEN,
    DIED_IN_PHASE,
    DIED_WITH_CALL,
    FOREIGN,
    WRONG_CALL,
    NO_BUFFER,
    TAKEN_OVER
};

/* What is alike but for its index, run and step is one fault. */
struct fault {
    long long kind, writes, buffer, phase, other, other_phase;
    long long index, run, step, times;
};

/* What one thread found in all its launches. */
struct fault_list {
    long long count;
    fault faults[BUFFERS_MOST_FAULTS];
};
extern "C" {
fault_list buffers_fault_lists[BUFFERS_MOST_THREADS];
}

static bool are_alike(const fault &a, const fault &b)
{
    return a.kind == b.kind && a.writes == b.writes && a.buffer == b.buffer && a.phase == b.phase &&
           a.other == b.other && a.other_phase == b.other_phase;
}

BUFFERS_ONCE void report(fault found, bits lanes)
{
    fault_list &list = buffers_fault_lists[BUFFERS_THREAD];
    for (long long i = 0; i < list.count; i++)
        if (are_alike(list.faults[i], found)) {
            list.faults[i].times++;
            return;
        }
    if (list.count == BUFFERS_MOST_FAULTS)
        return;
    int lane = 0;
    while (lane < BUFFERS_LANES - 1 && !has(lanes, lane))
        lane++;
    found.run = here().runs[lane];
    found.step = here().steps[lane];
    found.times = 1;
    list.faults[list.count++] = found;
}

/* A factory is called in the phases of its parent that are among its calls, and so are its ancestors. */
BUFFERS_ONCE void check_calls(int instance)
{
    for (; INSTANCE_FACTS[instance].parent != NONE; instance = INSTANCE_FACTS[instance].parent) {
        const int parent = INSTANCE_FACTS[instance].parent, phase = here().phases[parent];
        if (phase != NONE && !has(INSTANCE_FACTS[instance].calls, phase))
            report({WRONG_CALL, 0, instance, phase, NONE, NONE, 0}, here().active);
    }
}

/* Checks an access to some lanes of an element, and takes note of it. False where there is nothing to
 * be read, or nowhere to write. */
BUFFERS_ONCE bool check(int buffer, shadow *shadows, long long index, bool writes, bits lanes)
{
    lanes &= here().active;
    if (buffer == NONE) {
        report({NO_BUFFER, writes, NONE, NONE, NONE, NONE, index}, lanes);
        return false;
    }
    const buffer_facts &facts = BUFFER_FACTS[buffer];
    const int phase = here().phases[facts.instance];
    if (index < 0 || index >= facts.size) {
        report({OUT_OF_BOUNDS, writes, buffer, phase, NONE, NONE, index}, lanes);
        return false;
    }
    shadow &s = shadows[index];
    const bool dead = phase != NONE && !is_live(buffer, index, phase);
    if (dead)
        report({DEAD, writes, buffer, phase, NONE, NONE, index}, lanes);
    /* Where one has taken an element over, the other is done with it. */
    const bool taken = s.owner != NONE && BUFFER_FACTS[s.owner].takes_over == buffer && (lanes & s.written);
    if (writes && taken && !dead && phase != NONE)
        report({TAKEN_OVER, 1, buffer, phase, s.owner, s.phase, index}, lanes & s.written);
    if (dead || writes || !lanes)
        return true;
    if (s.owner != NONE && s.owner == facts.takes_over && s.written) {
        s.owner = buffer;
        s.phase = phase;
    }
    const bits missing = lanes & ~s.written;
    if (s.owner != NONE && s.owner != buffer)
        report({FOREIGN, 0, buffer, phase, s.owner, s.phase, index}, lanes);
    else if (missing) {
        const kind k = s.killed_in == NONE ? UNWRITTEN : s.killed_in == BY_CALL ? DIED_WITH_CALL : DIED_IN_PHASE;
        report({k, 0, buffer, phase, NONE, s.killed_in, index}, missing);
    }
    return !missing;
}

BUFFERS_ONCE void note_write(int buffer, shadow &s, bits lanes)
{
    if (s.owner == buffer)
        lanes |= s.written;
    s = {lanes, buffer, here().phases[BUFFER_FACTS[buffer].instance], NONE};
}

/* ---- Views ---- */

template <class T> struct is_integer { static const bool value = false; };
template <> struct is_integer<integer> { static const bool value = true; };

/* NaN, or the integer 0, with which a loop ends and a table is read where it begins. */
template <class T> static T nothing()
{
    T value;
    memset(&value, is_integer<T>::value ? 0 : 0xff, sizeof value);
    return value;
}

#if BUFFERS_LANES > 1
/* One lane of an element. */
template <class T> struct lane_of {
    typedef __typeof__(T{}[0] + 0) scalar;
    T *elements;
    shadow *shadows;
    int buffer;
    long long index;
    int lane;

    operator scalar() const
    {
        const bits bit = (bits)1 << lane;
        return check(buffer, shadows, index, false, bit) ? elements[index][lane] : nothing<T>()[lane];
    }
    lane_of &operator=(scalar value)
    {
        const bits bit = (bits)1 << lane;
        if (check(buffer, shadows, index, true, bit)) {
            elements[index][lane] = value;
            note_write(buffer, shadows[index], bit);
        }
        return *this;
    }
    lane_of &operator=(const lane_of &other) { return *this = (scalar)other; }
};
#endif

/* An element that is not read yet. */
template <class T> struct element {
    T *elements;
    shadow *shadows;
    int buffer;
    long long index;

    T read(bits lanes) const
    {
        return check(buffer, shadows, index, false, lanes) ? elements[index] : nothing<T>();
    }
    operator T() const { return read(ALL); }
    element(T *elements, shadow *shadows, int buffer, long long index)
        : elements(elements), shadows(shadows), buffer(buffer), index(index)
    {
    }
    element(const element &other) = default;
    element &operator=(const element &other) { return *this = (T)other; }
    element &operator=(const T &value)
    {
        if (check(buffer, shadows, index, true, ALL)) {
            elements[index] = value;
            note_write(buffer, shadows[index], ALL);
        }
        return *this;
    }
#if BUFFERS_LANES > 1
    lane_of<T> operator[](int lane) const { return {elements, shadows, buffer, index, lane}; }
#endif
};

template <class T> struct view;

template <class T> struct view<const T> {
    T *elements;
    shadow *shadows;
    int buffer;         /* NONE for a null pointer */
    long long first;

    view(decltype(nullptr)) : elements(0), shadows(0), buffer(NONE), first(0) {}
    view(T *elements, shadow *shadows, int buffer, long long first)
        : elements(elements), shadows(shadows), buffer(buffer), first(first)
    {
    }
    const element<T> operator[](long long index) const { return {elements, shadows, buffer, first + index}; }
    const element<T> operator*() const { return (*this)[0]; }
    view operator+(long long n) const { return {elements, shadows, buffer, first + n}; }
    view operator-(long long n) const { return *this + -n; }
    view &operator+=(long long n) { return *this = *this + n; }
    view &operator-=(long long n) { return *this = *this - n; }
    view &operator++() { return *this += 1; }
    bool operator==(const view &other) const
    {
        return elements == other.elements && first == other.first;
    }
    bool operator!=(const view &other) const { return !(*this == other); }
    explicit operator bool() const { return elements != 0; }
};

template <class T> struct view {
    view<const T> constant;

    view(decltype(nullptr)) : constant(nullptr) {}
    view(view<const T> constant) : constant(constant) {}
    operator view<const T>() const { return constant; }
    element<T> operator[](long long index) const
    {
        return {constant.elements, constant.shadows, constant.buffer, constant.first + index};
    }
    element<T> operator*() const { return (*this)[0]; }
    view operator+(long long n) const { return constant + n; }
    view operator-(long long n) const { return constant - n; }
    view &operator+=(long long n) { return *this = *this + n; }
    view &operator-=(long long n) { return *this = *this - n; }
    view &operator++() { return *this += 1; }
    bool operator==(const view &other) const { return constant == other.constant; }
    bool operator!=(const view &other) const { return constant != other.constant; }
    explicit operator bool() const { return (bool)constant; }
};

/* ---- Arithmetic, in which elements are read ---- */

template <class T> struct is_element { static const bool value = false; };
template <class T> struct is_element<element<T>> { static const bool value = true; };
template <bool> struct where {};
template <> struct where<true> { typedef int type; };

template <class T> static const T &value_of(const T &value) { return value; }
template <class T> static T value_of(const element<T> &e) { return e; }
template <class T> static const T &value_in(bits, const T &value) { return value; }
template <class T> static T value_in(bits lanes, const element<T> &e) { return e.read(lanes); }

#define BUFFERS_BINARY(op)                                                                         \
    template <class A, class B,                                                                    \
              typename where<is_element<A>::value || is_element<B>::value>::type = 0>              \
    static auto operator op(const A &a, const B &b)                                                \
    {                                                                                              \
        return value_of(a) op value_of(b);                                                         \
    }
BUFFERS_BINARY(+)
BUFFERS_BINARY(-)
BUFFERS_BINARY(*)
BUFFERS_BINARY(/)
BUFFERS_BINARY(%)
BUFFERS_BINARY(&)
BUFFERS_BINARY(|)
BUFFERS_BINARY(^)
BUFFERS_BINARY(<<)
BUFFERS_BINARY(>>)
BUFFERS_BINARY(<)
BUFFERS_BINARY(<=)
BUFFERS_BINARY(>)
BUFFERS_BINARY(>=)
BUFFERS_BINARY(==)
BUFFERS_BINARY(!=)
#undef BUFFERS_BINARY

#define BUFFERS_ASSIGNMENT(op)                                                                     \
    template <class T, class B> static element<T> operator op##=(element<T> e, const B &b)         \
    {                                                                                              \
        return e = e op b;                                                                         \
    }                                                                                              \
    template <class T> static T &operator op##=(T &value, const element<T> &e)                     \
    {                                                                                              \
        return value = value op e;                                                                 \
    }
BUFFERS_ASSIGNMENT(+)
BUFFERS_ASSIGNMENT(-)
BUFFERS_ASSIGNMENT(*)
BUFFERS_ASSIGNMENT(/)
BUFFERS_ASSIGNMENT(%)
BUFFERS_ASSIGNMENT(&)
BUFFERS_ASSIGNMENT(|)
BUFFERS_ASSIGNMENT(^)
#undef BUFFERS_ASSIGNMENT

template <class T> static T operator-(const element<T> &e) { return -value_of(e); }
template <class T> static T operator+(const element<T> &e) { return value_of(e); }
template <class T> static element<T> operator++(element<T> e) { return e = e + 1; }
template <class T> static element<T> operator--(element<T> e) { return e = e - 1; }
template <class T> static T operator++(element<T> e, int) { const T old = e; e = old + 1; return old; }
template <class T> static T operator--(element<T> e, int) { const T old = e; e = old - 1; return old; }

/* ---- Lifetimes ---- */

/* What a buffer holds dies: all of it, or what is dead in a phase. */
BUFFERS_ONCE void kill(int buffer, int phase)
{
    const buffer_facts &facts = BUFFER_FACTS[buffer];
    const long long bytes = facts.lane_bytes * BUFFERS_LANES;
    for (long long i = 0; i < facts.size; i++) {
        shadow &s = here().pool_shadows[facts.element + i];
        if (s.owner != buffer || !s.written || (phase != BY_CALL && is_live(buffer, i, phase)))
            continue;
        memset(here().pool + facts.byte + i * bytes, 0xff, bytes);
        s = {0, buffer, s.phase, phase};
    }
}

/* Begins a phase: what is dead in it dies. Answers which phase the factory was in. */
BUFFERS_ONCE int enter(int instance, int phase)
{
    const int before = here().phases[instance];
    check_calls(instance);
    here().phases[instance] = phase;
    for (int buffer = 0; buffer < BUFFER_COUNT; buffer++)
        if (BUFFER_FACTS[buffer].instance == instance && !BUFFER_FACTS[buffer].persistent)
            kill(buffer, phase);
    return before;
}

/* A factory is in a phase for as long as this lives. */
struct in_phase {
    int instance, before;

    in_phase(int instance, int phase) : instance(instance), before(enter(instance, phase)) {}
    ~in_phase() { here().phases[instance] = before; }
    in_phase(const in_phase &) = delete;
};

/* A view of a buffer, which is null where that has no elements. What it held before dies, unless it persists:
 * the next call may find it elsewhere. */
template <class T> static view<T> allocate(int buffer)
{
    const buffer_facts &facts = BUFFER_FACTS[buffer];
    if (!facts.persistent) {
        check_calls(facts.instance);
        kill(buffer, BY_CALL);
    }
    thread &own = here();
    T *const elements = (T *)(facts.size > 0 ? own.pool + facts.byte : 0);
    return view<const T>(elements, own.pool_shadows + facts.element, buffer, 0);
}

/* Zeroes elements, from `first` to before `end`. */
BUFFERS_ONCE void zero(int buffer, long long first, long long end)
{
    const buffer_facts &facts = BUFFER_FACTS[buffer];
    const long long bytes = facts.lane_bytes * BUFFERS_LANES;
    for (long long i = first; i < end; i++) {
        memset(here().pool + facts.byte + i * bytes, 0, bytes);
        note_write(buffer, here().pool_shadows[facts.element + i], ALL);
    }
}

/* ---- What the kernel text calls ---- */

/* A group of lanes begins. */
BUFFERS_ONCE void begin()
{
    thread &own = here();
    memset(own.pool, 0xff, sizeof own.pool);
    for (shadow &s : own.pool_shadows)
        s = {0, NONE, NONE, NONE};
    for (int &phase : own.phases)
        phase = NONE;
    own.active = ALL;
    for (int lane = 0; lane < BUFFERS_LANES; lane++)
        own.runs[lane] = own.steps[lane] = NONE;
}

#if BUFFERS_LANES > 1
typedef integer lanes_of_text;
static long long lane_value(integer values, int lane) { return values[lane]; }
#else
typedef int lanes_of_text;
static long long lane_value(integer value, int) { return value; }
#endif

static bits bits_of(lanes_of_text lanes)
{
    bits set = 0;
    for (int lane = 0; lane < BUFFERS_LANES; lane++)
        set |= (bits)(lane_value(lanes, lane) != 0) << lane;
    return set;
}

BUFFERS_ONCE void at(lanes_of_text lanes, integer run, integer step)
{
    thread &own = here();
    own.active = bits_of(lanes);
    for (int lane = 0; lane < BUFFERS_LANES; lane++) {
        own.runs[lane] = lane_value(run, lane);
        own.steps[lane] = lane_value(step, lane);
    }
}

BUFFERS_ONCE void reset(lanes_of_text lanes)
{
    const bits set = bits_of(lanes);
    thread &own = here();
    for (int buffer = 0; buffer < BUFFER_COUNT; buffer++) {
        const buffer_facts &facts = BUFFER_FACTS[buffer];
        unsigned char *bytes = own.pool + facts.byte;
        for (long long i = 0; facts.persistent && i < facts.size; i++) {
            note_write(buffer, own.pool_shadows[facts.element + i], set);
            for (int lane = 0; lane < BUFFERS_LANES; lane++, bytes += facts.lane_bytes)
                if (has(set, lane))
                    memset(bytes, 0, facts.lane_bytes);
        }
    }
}

} // namespace buffers_sanitizer

#if defined(BUFFERS_HOST)
/* Sets the pointer to the numbers of all lists of faults; the result is how many numbers they are. */
extern "C" long long buffers_faults(const long long **numbers)
{
    *numbers = &buffers_sanitizer::buffers_fault_lists[0].count;
    return sizeof buffers_sanitizer::buffers_fault_lists / sizeof(long long);
}
#endif

#undef BUFFER
#define BUFFER(type) buffers_sanitizer::view<type>
#undef BUFFERS_MEMORY
#define BUFFERS_MEMORY(m, base, run, runs) memory m = {}; buffers_sanitizer::begin()
#define buffers_reset(m, lanes) buffers_sanitizer::reset(lanes)
#define AT(lanes, run, step) buffers_sanitizer::at(lanes, run, step)

/* A builtin takes no elements. */
#define __builtin_convertvector(vector, type) \
    __builtin_convertvector(buffers_sanitizer::value_of(vector), type)

#if BUFFERS_LANES > 1
/* Of an element only the lanes that are selected are read, as where there is one lane. */
static inline real SELECT(integer lanes, real chosen, real other);
static inline integer SELECT_INTEGER(integer lanes, integer chosen, integer other);
#define BUFFERS_SELECT(name, RESULT)                                                               \
    template <class A, class B,                                                                    \
              typename buffers_sanitizer::where<buffers_sanitizer::is_element<A>::value ||         \
                                                buffers_sanitizer::is_element<B>::value>::type = 0> \
    static inline RESULT name(integer lanes, const A &chosen, const B &other)                      \
    {                                                                                              \
        const buffers_sanitizer::bits set = buffers_sanitizer::bits_of(lanes);                     \
        const RESULT one = buffers_sanitizer::value_in(set, chosen);                               \
        const RESULT two = buffers_sanitizer::value_in(~set, other);                               \
        return name(lanes, one, two);                                                              \
    }
BUFFERS_SELECT(SELECT, real)
BUFFERS_SELECT(SELECT_INTEGER, integer)
#undef BUFFERS_SELECT
#endif
