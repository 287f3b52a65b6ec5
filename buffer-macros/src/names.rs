//! Names that mean something else in kernel text.
//!
//! Buffers and children become identifiers in the common subset of C11 and CUDA C++, beside the
//! names of the generated text and of the prelude.

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameFault {
    /// There is none.
    Empty,
    /// It is not `[A-Za-z_][A-Za-z0-9_]*`.
    NotAnIdentifier,
    /// It means something else.
    Reserved(&'static str),
}

impl NameFault {
    /// What is wrong, behind "it is".
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotAnIdentifier => "not an identifier of C",
            Self::Reserved(meaning) => meaning,
        }
    }
}

/// Whether a name can stand in kernel text.
pub(crate) fn check_name(name: &str) -> Result<(), NameFault> {
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    if !is_identifier(name) {
        return Err(NameFault::NotAnIdentifier);
    }
    meaning(name).map_or(Ok(()), |meaning| Err(NameFault::Reserved(meaning)))
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|other| other.is_ascii_alphanumeric() || other == '_')
}

/// What a name means in kernel text, if it means anything.
fn meaning(name: &str) -> Option<&'static str> {
    let listed = RESERVED.iter().find(|(_, names)| names.contains(&name));
    if let Some(&(meaning, _)) = listed {
        return Some(meaning);
    }
    if is_cuda_vector(name) {
        return Some("a vector type of CUDA");
    }
    let lower = name.to_ascii_lowercase();
    if lower == "buffers" || lower.starts_with("buffers_") {
        return Some("reserved for generated text");
    }
    let rest = name.strip_prefix('_')?;
    rest.starts_with(|second: char| second == '_' || second.is_ascii_uppercase())
        .then_some("reserved for compilers")
}

/// `float4`, `ulonglong2` and the like.
fn is_cuda_vector(name: &str) -> bool {
    name.strip_suffix(['1', '2', '3', '4']).is_some_and(|base| CUDA_VECTORS.contains(&base))
}

const CUDA_VECTORS: &[&str] = &[
    "char",
    "uchar",
    "short",
    "ushort",
    "int",
    "uint",
    "long",
    "ulong",
    "longlong",
    "ulonglong",
    "float",
    "double",
];

const RESERVED: &[(&str, &[&str])] = &[
    (
        "a keyword of C",
        &[
            "auto",
            "break",
            "case",
            "char",
            "const",
            "continue",
            "default",
            "do",
            "double",
            "else",
            "enum",
            "extern",
            "float",
            "for",
            "goto",
            "if",
            "inline",
            "int",
            "long",
            "register",
            "restrict",
            "return",
            "short",
            "signed",
            "sizeof",
            "static",
            "struct",
            "switch",
            "typedef",
            "typeof",
            "typeof_unqual",
            "union",
            "unsigned",
            "void",
            "volatile",
            "while",
        ],
    ),
    (
        "a keyword of C++",
        &[
            "alignas",
            "alignof",
            "and",
            "and_eq",
            "asm",
            "bitand",
            "bitor",
            "bool",
            "catch",
            "char16_t",
            "char32_t",
            "char8_t",
            "class",
            "co_await",
            "co_return",
            "co_yield",
            "compl",
            "concept",
            "const_cast",
            "consteval",
            "constexpr",
            "constinit",
            "decltype",
            "delete",
            "dynamic_cast",
            "explicit",
            "export",
            "false",
            "friend",
            "mutable",
            "namespace",
            "new",
            "noexcept",
            "not",
            "not_eq",
            "nullptr",
            "operator",
            "or",
            "or_eq",
            "private",
            "protected",
            "public",
            "reinterpret_cast",
            "requires",
            "static_assert",
            "static_cast",
            "template",
            "this",
            "thread_local",
            "throw",
            "true",
            "try",
            "typeid",
            "typename",
            "using",
            "virtual",
            "wchar_t",
            "xor",
            "xor_eq",
        ],
    ),
    ("a builtin of CUDA", &["blockDim", "blockIdx", "dim3", "gridDim", "threadIdx", "warpSize"]),
    (
        "a type or macro of the C library",
        &[
            "INFINITY",
            "NAN",
            "NULL",
            "int16_t",
            "int32_t",
            "int64_t",
            "int8_t",
            "intptr_t",
            "ptrdiff_t",
            "size_t",
            "uint16_t",
            "uint32_t",
            "uint64_t",
            "uint8_t",
            "uintptr_t",
        ],
    ),
    // GNU C defines these as macros where no standard is asked for.
    ("a macro of C compilers", &["i386", "linux", "unix"]),
    (
        "a math function",
        &[
            "abs", "acos", "asin", "atan", "atan2", "cbrt", "ceil", "cos", "cosh", "erf", "exp",
            "exp2", "fabs", "floor", "fma", "fmax", "fmin", "fmod", "log", "log10", "log2", "max",
            "min", "pow", "round", "rsqrt", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
        ],
    ),
    (
        "a type of kernel texts",
        &["f32", "f64", "integer", "integer_scalar", "mask", "memory", "real", "real_scalar"],
    ),
    (
        "a macro of kernel texts",
        &[
            "ALL",
            "ALLOCATE",
            "ALL_LANES",
            "AND",
            "ANY",
            "ASSIGN",
            "AT",
            "BUFFER",
            "CHILD",
            "C_FUNCTION",
            "EPSILON",
            "EQ",
            "EXPONENT_UNIT",
            "FLUSH_DENORMALS",
            "FMA",
            "FRACTION_BITS",
            "FRACTION_UNIT",
            "GE",
            "GT",
            "INLINE",
            "KERNEL",
            "LE",
            "LT",
            "NE",
            "NOT",
            "NO_LANES",
            "OR",
            "OUTLINE",
            "PHASE",
            "REAL",
            "REAL_BITS",
            "SELECT",
            "SELF",
            "SEPARATE",
            "SIZE",
            "SQRT_HALF_BITS",
            "TRACE",
            "UNROLL",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_pass() {
        for name in ["state", "x", "_x", "stage_rhs2", "error", "y0", "float5", "buffer", "Real"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_name_is_an_identifier() {
        assert_eq!(check_name(""), Err(NameFault::Empty));
        for name in ["2x", "a b", "a-b", "a.b", "\u{e4}", "a\n", "r#new", "*"] {
            assert_eq!(check_name(name), Err(NameFault::NotAnIdentifier), "{name}");
        }
    }

    #[test]
    fn reserved_names_say_what_they_are() {
        let reserved = [
            ("volatile", "a keyword of C"),
            ("new", "a keyword of C++"),
            ("threadIdx", "a builtin of CUDA"),
            ("double2", "a vector type of CUDA"),
            ("size_t", "a type or macro of the C library"),
            ("linux", "a macro of C compilers"),
            ("exp", "a math function"),
            ("real", "a type of kernel texts"),
            ("SELECT", "a macro of kernel texts"),
            ("INLINE", "a macro of kernel texts"),
            ("buffers", "reserved for generated text"),
            ("buffers_reset", "reserved for generated text"),
            ("BUFFERS_LANES", "reserved for generated text"),
            ("__shared__", "reserved for compilers"),
            ("_Static_assert", "reserved for compilers"),
        ];
        for (name, meaning) in reserved {
            assert_eq!(check_name(name), Err(NameFault::Reserved(meaning)), "{name}");
        }
    }

    #[test]
    fn no_name_is_listed_twice() {
        let mut names: Vec<_> = RESERVED.iter().flat_map(|(_, names)| names.iter()).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b));
    }
}
