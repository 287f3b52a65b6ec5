//! Elimination in a kernel of its own: regular matrices, of any scale, are solved, and singular ones told.

// The helpers of tests assert as well.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use buffer_core::{BufferRegistry, Buffers, Precision};
use buffer_tests::implicit::eliminate;
use buffer_tests::random::SplitMix64;
use buffer_tests::solve::devices;
use bytemuck::Pod;
use integrators::System;
use integrators::device::arguments::Arguments;
use integrators::device::{Device, KernelSource};
use integrators::factories::{Factory, KernelText, LinearSolver, Lu};

/// The bit of a singular matrix, as the kernels' texts have it.
const SINGULAR: i32 = 64;

/// Row by row.
type Matrix = Vec<Vec<f64>>;

/// A solution, and what became of it.
type Solution = (Vec<f64>, i32);

/// `dx = j * x`, where every element of `j` is a parameter.
fn linear(n: usize) -> System {
    let row = |i| {
        let terms: Vec<String> = (0..n).map(|j| format!("j{i}_{j}*x{j}")).collect();
        format!("dx{i} = {}\n", terms.join(" + "))
    };
    let equations: String = (0..n).map(row).collect();
    let states = (0..n).map(|i| (format!("x{i}"), 0.0));
    let elements = (0..n * n).map(|k| (format!("j{}_{}", k / n, k % n), 0.0));
    System::parse(&equations).unwrap().states(states).parameters(elements).build().unwrap()
}

/// A kernel that solves `(I + j) x = 1`, one run for each `j`.
fn source(n: usize, device: &Device, precision: Precision) -> KernelSource {
    let system = linear(n);
    let lu = Lu::new(&system.jacobian_pattern());
    let mut registry = BufferRegistry::new();
    let factory = registry.add(&lu).unwrap();
    let layout = registry.layout(factory, &device.target(precision).unwrap()).unwrap();
    let mut text = KernelText::new(&layout);
    text.push(&system.kernel_text());
    for function in lu.system_functions() {
        text.push(&system.function_text(function));
    }
    text.push(
        "typedef struct { const real_scalar *parameters; real_scalar *values; long long runs; } arguments;\n",
    );
    // The statuses that it may give.
    let kernels = include_str!("../../integrators/kernels/arguments.cuh");
    text.push(&kernels[kernels.find("\nenum {").unwrap()..]);
    lu.write(&mut text, lu.prefix()).unwrap();
    text.push(&format!(
        "INLINE void probe_runs(memory m, const arguments *a, queue runs)\n{{\n\
         \x20   integer run = INTEGER(0);\n\
         \x20   for (;;) {{\n\
         \x20       const mask lanes = TAKE(&runs, ALL_LANES, &run);\n\
         \x20       if (!ANY(lanes)) return;\n\
         \x20       real state[{n}], j[{elements}], ones[{n}], x[{n}], factors[{factors}];\n\
         \x20       for (int i = 0; i < {n}; i++) state[i] = ones[i] = REAL(1.0);\n\
         \x20       for (int i = 0; i < {elements}; i++)\n\
         \x20           j[i] = GATHER(lanes, a->parameters + i * a->runs, run, REAL(0.0));\n\
         \x20       const real t = REAL(0.0), scale = REAL(-1.0);\n\
         \x20       integer status = lu_prepare(m, lanes, state, j, t, scale, factors);\n\
         \x20       status = status | lu_solve(m, lanes, state, j, t, scale, t, t, factors, ones, x);\n\
         \x20       for (int i = 0; i < {n}; i++)\n\
         \x20           SCATTER(lanes, a->values, INTEGER(i), a->runs, run, x[i]);\n\
         \x20       SCATTER(lanes, a->values, INTEGER({n}), a->runs, run, TO_REAL(status));\n\
         \x20   }}\n}}\nKERNEL(probe)\n",
        elements = n * n,
        factors = lu.prepared_elements(),
    ));
    text.finish("probe")
}

fn run<T: Pod>(source: &KernelSource, device: &Device, n: usize, elements: &[T]) -> Vec<T> {
    let kernel = device.compile(source).unwrap();
    let runs = elements.len() / (n * n);
    let mut values = bytemuck::zeroed_vec(runs * (n + 1));
    let mut arguments = Arguments::new().input(elements).output(&mut values).integer(runs as i64);
    // SAFETY: the struct in the text has these fields, and the kernel reads the elements of every run and
    // writes as many values as a solution and its status are.
    unsafe { kernel.launch(&mut arguments, runs, &|_| {}) }.unwrap();
    values
}

/// Solves with each matrix, which is rounded to the precision first, on every device: all agree to the bit.
fn solve(precision: Precision, matrices: &mut [Matrix]) -> Vec<Solution> {
    let n = matrices[0].len();
    let rounded = |value: f64| match precision {
        Precision::F32 => f64::from(value as f32),
        Precision::F64 => value,
    };
    let unit = |i: usize, j: usize| f64::from(u8::from(i == j));
    let mut elements = Vec::new();
    for (i, j) in (0..n * n).map(|k| (k / n, k % n)) {
        for matrix in &mut *matrices {
            let element = rounded(matrix[i][j] - unit(i, j));
            matrix[i][j] = unit(i, j) + element;
            elements.push(element);
        }
    }
    let runs = matrices.len();
    let solve = |device: &Device| -> Vec<Solution> {
        let source = source(n, device, precision);
        let values: Vec<f64> = match precision {
            Precision::F32 => {
                let elements: Vec<f32> = elements.iter().map(|element| *element as f32).collect();
                run(&source, device, n, &elements).into_iter().map(f64::from).collect()
            }
            Precision::F64 => run(&source, device, n, &elements),
        };
        let value = |row: usize, run: usize| values[row * runs + run];
        let solution = |run| (0..n).map(|row| value(row, run)).collect();
        (0..runs).map(|run| (solution(run), value(n, run) as i32)).collect()
    };
    let bits = |solutions: &[Solution]| -> Vec<(Vec<u64>, i32)> {
        // What is made of a singular matrix says nothing.
        let bits = |x: &[f64], status: i32| {
            x.iter().filter(|_| status == 0).map(|value| value.to_bits()).collect()
        };
        solutions.iter().map(|(x, status)| (bits(x, *status), *status)).collect()
    };
    let solutions = solve(&devices()[0].device);
    for device in &devices()[1..] {
        assert!(bits(&solve(&device.device)) == bits(&solutions), "{precision} on {device}");
    }
    solutions
}

fn epsilon(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => f64::from(f32::EPSILON),
        Precision::F64 => f64::EPSILON,
    }
}

/// A number from 0 to 1.
fn fraction(random: &mut SplitMix64) -> f64 {
    random.below(1 << 20) as f64 / f64::from(1 << 20)
}

/// A matrix of what `element` gives for each row and column.
fn matrix(n: usize, mut element: impl FnMut(usize, usize) -> f64) -> Matrix {
    (0..n).map(|i| (0..n).map(|j| element(i, j)).collect()).collect()
}

/// Multiplies rows and columns with powers of two up to `2^most`.
fn rescale(matrix: &mut Matrix, most: usize, random: &mut SplitMix64) {
    let n = matrix.len();
    let mut powers =
        || -> Vec<f64> { (0..n).map(|_| (random.below(most + 1) as f64).exp2()).collect() };
    let (rows, columns) = (powers(), powers());
    for (i, j) in (0..n * n).map(|k| (k / n, k % n)) {
        matrix[i][j] *= rows[i] * columns[j];
    }
}

/// Amounts that move between all states at rates up to `most`: what leaves one comes to the others, so that
/// each column sums to 1, and little of that is left beside the rates.
fn exchange(n: usize, most: f64, random: &mut SplitMix64) -> Matrix {
    let rates = matrix(n, |_, _| most * fraction(random) * (-7.0 * fraction(random)).exp2());
    matrix(n, |i, j| {
        let leaving: f64 = (0..n).filter(|k| *k != j).map(|k| rates[k][j]).sum();
        if i == j { 1.0 + leaving } else { -rates[i][j] }
    })
}

/// What is left of `matrix * x = 1`, in the worst row, relative to the terms of that row.
fn residual(matrix: &Matrix, x: &[f64]) -> f64 {
    let row = |row: &Vec<f64>| {
        let terms: Vec<f64> = row.iter().zip(x).map(|(a, x)| a * x).collect();
        let size: f64 = terms.iter().map(|term| term.abs()).sum();
        (terms.iter().sum::<f64>() - 1.0).abs() / (1.0 + size)
    };
    matrix.iter().map(row).fold(0.0, f64::max)
}

#[test]
fn regular_matrices_are_solved_whatever_their_rates_and_scales() {
    let mut random = SplitMix64::new(1);
    for precision in [Precision::F32, Precision::F64] {
        let epsilon = epsilon(precision);
        for n in 2..6 {
            let fast = (0..200).map(|_| exchange(n, 0.4 / epsilon, &mut random));
            let mut matrices: Vec<Matrix> = fast.collect();
            for _ in 0..200 {
                let mut matrix = exchange(n, 100.0, &mut random);
                rescale(&mut matrix, 12, &mut random);
                matrices.push(matrix);
            }
            for (k, (x, status)) in solve(precision, &mut matrices).iter().enumerate() {
                let matrix = &matrices[k];
                let what = format!("{precision}, {matrix:?}");
                assert_eq!(*status, 0, "{what}");
                let left = residual(matrix, x);
                assert!(left < 8.0 * n as f64 * epsilon, "{left:e} is left: {what}");
            }
        }
    }
}

#[test]
fn solutions_in_f32_are_those_of_elimination_in_f64() {
    let mut random = SplitMix64::new(2);
    for n in 2..6 {
        let mut matrices: Vec<Matrix> = (0..200).map(|_| exchange(n, 100.0, &mut random)).collect();
        for (matrix, (x, status)) in
            matrices.clone().iter().zip(solve(Precision::F32, &mut matrices))
        {
            let rows = matrix.iter().map(|row| [row.as_slice(), &[1.0]].concat()).collect();
            let expected = eliminate(rows);
            let size = expected.iter().fold(0.0, |size: f64, x| size.max(x.abs()));
            let off = x.iter().zip(&expected).map(|(x, y)| (x - y).abs() / size);
            assert_eq!(status, 0);
            assert!(off.clone().fold(0.0, f64::max) < 1e-3, "{x:?}, not {expected:?}: {matrix:?}");
        }
    }
}

#[test]
fn singular_matrices_are_told() {
    let mut random = SplitMix64::new(3);
    for precision in [Precision::F32, Precision::F64] {
        for n in 2..6 {
            // Of small whole numbers, whose pivots are powers of two and last a zero: nothing is rounded.
            let exact = (0..200).map(|_| {
                let mut whole = || random.below(7) as f64 - 3.0;
                let lower = matrix(n, |i, j| if i == j { 1.0 } else { whole() });
                let upper = matrix(n, |i, j| match i == j {
                    true if i + 1 == n => 0.0,
                    true => (random.below(3) as f64).exp2(),
                    false => random.below(7) as f64 - 3.0,
                });
                let product =
                    |i: usize, j: usize| (0..=i.min(j)).map(|k| lower[i][k] * upper[k][j]).sum();
                let mut product = matrix(n, product);
                rescale(&mut product, 4, &mut random);
                product
            });
            let mut exact: Vec<Matrix> = exact.collect();
            for (k, (_, status)) in solve(precision, &mut exact).iter().enumerate() {
                assert_eq!(SINGULAR, *status, "{precision}, {:?}", exact[k]);
            }
            // Where a row is a sum of others, all pivots are rounded, and so is what is left of the last.
            let rounded = (0..400).map(|_| {
                let mut rows = matrix(n, |_, _| random.below(19) as f64 - 9.0);
                let last = (0..n).map(|j| (0..n - 1).map(|i| (i + 1) as f64 * rows[i][j]).sum());
                rows[n - 1] = last.collect();
                rescale(&mut rows, 4, &mut random);
                rows
            });
            let mut rounded: Vec<Matrix> = rounded.collect();
            let solutions = solve(precision, &mut rounded);
            let told = solutions.iter().filter(|(_, status)| *status == SINGULAR);
            assert!(told.clone().count() >= 396, "{} of 400 in {precision}", told.count());
        }
    }
}
