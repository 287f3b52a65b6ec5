//! Sweeps the parameter `rho` of the Lorenz system over 65 536 runs, on a GPU if there is one and on
//! the host otherwise, and draws where the runs end.
//!
//! `cargo run --release -p integrators --example lorenz [picture.svg]`

use std::error::Error;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use buffer_core::ElementType;
use indicatif::{ProgressBar, ProgressStyle};
use integrators::device::{Device, Kernel};
use integrators::{Batch, Precision, Solution, Solver, System};
use ndarray::{ArrayView1, s};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

const RUNS: usize = 65_536;
const RHO: Range<f64> = 0.0..21.0;
const BETA: f64 = 8.0 / 3.0;
const SPAN: Range<f64> = 0.0..30.0;
const DT: f64 = 0.005;

/// The values of rho whose course in time is drawn.
const COURSES: [f64; 3] = [5.0, 14.0, 21.0];

fn main() -> ExitCode {
    let picture = std::env::args_os().nth(1).map_or("target/lorenz.svg".into(), PathBuf::from);
    match sweep(&picture) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn sweep(picture: &Path) -> Result<(), Box<dyn Error>> {
    let lorenz = System::parse("dx = sigma*(y - x)\n dy = x*(rho - z) - y\n dz = x*y - beta*z")?
        .states([("x", 1.0), ("y", 0.0), ("z", 0.0)])
        .constants([("sigma", 10.0), ("beta", BETA)])
        .parameters([("rho", 21.0)])
        .build()?;
    // As `Device::best()`, and saying why.
    let device = match Device::cuda(0) {
        Ok(device) => device,
        Err(reason) => {
            println!("no GPU    {}", reason.to_string().lines().next().unwrap_or_default());
            Device::host()?
        }
    };
    let builder =
        Solver::builder(&lorenz).method("tsit5").dt(DT).precision(Precision::F32).device(device);

    let rho: Vec<f64> = linspace(RHO, RUNS).collect();
    let solver = builder.clone().build()?;
    let batch = Batch::grid().parameter("rho", rho.iter().copied());
    let style = ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} runs")?;
    let bar = ProgressBar::new(RUNS as u64).with_style(style);
    // Threads report out of order; the bar goes forward only.
    let progress = |done, _| bar.set_position(bar.position().max(done as u64));
    let sweep = solver.solve_with_progress(&batch, SPAN, progress)?;
    bar.finish();
    print_summary(&solver, &sweep);

    let batch = Batch::grid().parameter("rho", COURSES);
    let courses = builder.save_every(0.02).build()?.solve(&batch, SPAN)?;
    draw(picture, &rho, &sweep, &courses)
        .map_err(|error| format!("{} cannot be written: {error}", picture.display()))?;
    println!("\npicture   {}", picture.display());
    Ok(())
}

fn linspace(range: Range<f64>, count: usize) -> impl Iterator<Item = f64> {
    let spacing = (range.end - range.start) / (count - 1) as f64;
    (0..count).map(move |i| range.start + i as f64 * spacing)
}

fn print_summary(solver: &Solver, sweep: &Solution) {
    let target = solver.layout().target();
    let (precision, lanes) = (target.precision(), target.lanes());
    let shape = match solver.kernel() {
        Kernel::Host(_) => {
            let bits = 8 * target.width(ElementType::Real).bytes() * lanes;
            format!("{lanes} lanes in vectors of {bits} bits")
        }
        Kernel::Cuda(kernel) => {
            let registers = kernel.resources().map(|resources| resources.registers.to_string());
            let registers = registers.as_deref().unwrap_or("unknown");
            format!("blocks of {} threads, registers of each: {registers}", kernel.block_size())
        }
    };
    let seconds = sweep.wall_time().as_secs_f64();
    let speed = sweep.runs() as f64 / seconds;
    let steps = sweep.steps().max().unwrap_or_default();
    let ended = sweep.status().iter().filter(|status| status.is_success()).count();
    let (build_time, cache) = (solver.kernel().build_time(), solver.kernel().cache_outcome());
    println!("device    {}", solver.device());
    println!("kernel    tsit5 in {precision}, {shape}");
    println!("          built in {build_time:.0?} ({cache})");
    println!("runs      {ended} of {} to their end", sweep.runs());
    println!("          {steps} steps of {} each", sweep.step().unwrap_or_default());
    println!("speed     {speed:.0} runs/s, {seconds:.3} s in all");
    println!("          {:.3} ns per step of a run", 1e9 / (speed * steps as f64));
    println!("\n{}", solver.layout());
}

/// A series draws this many points: more would not show.
const POINTS: usize = 2048;

const BLUE: RGBColor = RGBColor(0, 90, 181);
const ORANGE: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 130, 90);
const GREY: RGBColor = RGBColor(170, 170, 170);

type Panel<'a> = ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Draws the end states over rho with the fixed points behind them, and below them x over time.
fn draw(
    path: &Path,
    rho: &[f64],
    sweep: &Solution,
    courses: &Solution,
) -> Result<(), Box<dyn Error>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let root = SVGBackend::new(path, (1000, 1080)).into_drawing_area();
    root.fill(&WHITE)?;
    let title = format!("Lorenz system (dimensionless), {RUNS} runs from (1, 0, 0)");
    let panels = root.titled(&title, ("sans-serif", 26))?.split_evenly((3, 1));
    let [top, middle, bottom] = panels.as_slice() else { return Err("three panels".into()) };
    let end_states = sweep.end_states();
    let end = SPAN.end;

    let mut chart = panel(top, &format!("x at time {end}"), "rho", "x", RHO, -10.0..10.0)?;
    let branches: [fn(f64) -> f64; 3] = [|_| 0.0, fixed_x, |rho| -fixed_x(rho)];
    fixed_points(&mut chart, &branches, "fixed points: 0 and \u{b1}\u{221a}(beta (rho - 1))")?;
    ends(&mut chart, rho, end_states.row(0), BLUE)?;
    legend(&mut chart, SeriesLabelPosition::UpperLeft)?;

    let mut chart = panel(middle, &format!("z at time {end}"), "rho", "z", RHO, -2.0..30.0)?;
    fixed_points(&mut chart, &[|_| 0.0, fixed_z], "fixed points: 0 and rho - 1")?;
    ends(&mut chart, rho, end_states.row(2), GREEN)?;
    legend(&mut chart, SeriesLabelPosition::UpperLeft)?;

    let mut chart = panel(bottom, "x over time", "time", "x", SPAN, -16.0..24.0)?;
    let states = courses.states();
    let runs = states.slice(s![.., 0, ..]).reversed_axes();
    for ((x, rho), color) in runs.outer_iter().zip(COURSES).zip([GREEN, ORANGE, BLUE]) {
        let points = courses.times().iter().copied().zip(x.iter().copied());
        chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?;
        entry(&mut chart, &format!("rho = {rho}"), color)?;
    }
    legend(&mut chart, SeriesLabelPosition::UpperRight)?;
    root.present()?;
    Ok(())
}

fn panel<'a>(
    area: &DrawingArea<SVGBackend<'a>, Shift>,
    title: &str,
    x_name: &str,
    y_name: &str,
    x: Range<f64>,
    y: Range<f64>,
) -> Result<Panel<'a>, Box<dyn Error>> {
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(8)
        .margin_right(24)
        .x_label_area_size(42)
        .y_label_area_size(52)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_desc(x_name)
        .y_desc(y_name)
        .axis_desc_style(("sans-serif", 16))
        .label_style(("sans-serif", 14))
        .x_label_formatter(&f64::to_string)
        .y_label_formatter(&f64::to_string)
        .light_line_style(TRANSPARENT)
        .bold_line_style(GREY.mix(0.5))
        .draw()?;
    Ok(chart)
}

/// The distance of the outer fixed points from the origin in x and y; there are none below 1.
fn fixed_x(rho: f64) -> f64 {
    (BETA * (rho - 1.0).max(0.0)).sqrt()
}

fn fixed_z(rho: f64) -> f64 {
    (rho - 1.0).max(0.0)
}

fn fixed_points(
    chart: &mut Panel<'_>,
    branches: &[fn(f64) -> f64],
    text: &str,
) -> Result<(), Box<dyn Error>> {
    for branch in branches {
        // Fine steps: the square root is steep where it starts.
        let points = (0..=2100).map(|i| f64::from(i) / 100.0).map(|rho| (rho, branch(rho)));
        chart.draw_series(LineSeries::new(points, GREY.stroke_width(5)))?;
    }
    entry(chart, text, GREY)
}

/// Where some of the runs end, evenly spread.
fn ends(
    chart: &mut Panel<'_>,
    rho: &[f64],
    values: ArrayView1<'_, f64>,
    color: RGBColor,
) -> Result<(), Box<dyn Error>> {
    let points = rho.iter().copied().zip(values.iter().copied());
    let points = points.step_by(rho.len().div_ceil(POINTS));
    chart.draw_series(points.map(|point| Circle::new(point, 1, color.filled())))?;
    entry(chart, "runs", color)
}

/// A line of the legend, for the series drawn before it.
fn entry(chart: &mut Panel<'_>, text: &str, color: RGBColor) -> Result<(), Box<dyn Error>> {
    chart
        .draw_series(std::iter::empty::<Circle<(f64, f64), i32>>())?
        .label(text)
        .legend(move |(x, y)| Rectangle::new([(x, y - 2), (x + 18, y + 2)], color.filled()));
    Ok(())
}

fn legend(chart: &mut Panel<'_>, position: SeriesLabelPosition) -> Result<(), Box<dyn Error>> {
    chart
        .configure_series_labels()
        .position(position)
        .label_font(("sans-serif", 14))
        .background_style(WHITE.mix(0.85))
        .border_style(GREY)
        .draw()?;
    Ok(())
}
