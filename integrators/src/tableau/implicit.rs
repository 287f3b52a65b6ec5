//! Diagonally implicit methods.

use std::f64::consts::FRAC_1_SQRT_2;

use super::{Embedded, Tableau};

/// The implicit midpoint rule.
pub const IMPLICIT_MIDPOINT: Tableau = Tableau {
    names: &["implicit_midpoint"],
    order: 2,
    a: &[&[0.5]],
    b: &[1.0],
    c: &[0.5],
    embedded: None,
};

/// The trapezoidal rule.
pub const TRAPEZOIDAL_DIRK: Tableau = Tableau {
    names: &["trapezoidal_dirk", "ode23t"],
    order: 2,
    a: &[&[0.0], &[0.5, 0.5]],
    b: &[0.5, 0.5],
    c: &[0.0, 1.0],
    embedded: None,
};

/// The L-stable method of order 2 of Alexander (1977).
pub const SDIRK_2_2: Tableau = Tableau {
    names: &["sdirk_2_2"],
    order: 2,
    a: &[&[1.0 - FRAC_1_SQRT_2], &[FRAC_1_SQRT_2, 1.0 - FRAC_1_SQRT_2]],
    b: &[FRAC_1_SQRT_2, 1.0 - FRAC_1_SQRT_2],
    c: &[1.0 - FRAC_1_SQRT_2, 1.0],
    embedded: None,
};

/// The L-stable method of order 3 of Alexander (1977).
pub const L_STABLE_DIRK_3: Tableau = Tableau {
    names: &["l_stable_dirk_3"],
    order: 3,
    a: &[
        &[0.43586652150845895],
        &[0.2820667392457705, 0.43586652150845895],
        &[1.2084966491760099, -0.6443631706844688, 0.43586652150845895],
    ],
    b: &[1.2084966491760099, -0.6443631706844688, 0.43586652150845895],
    c: &[0.43586652150845895, 0.7179332607542295, 1.0],
    embedded: None,
};

/// The method of order 3(2) of Kvaerno (2004).
pub const KVAERNO3: Tableau = Tableau {
    names: &["kvaerno3"],
    order: 3,
    a: &[
        &[0.0],
        &[0.435866521508459, 0.435866521508459],
        &[0.49056338842178054, 0.07357009006976042, 0.435866521508459],
        &[0.30880996997674653, 1.4905633884217806, -1.2352398799069861, 0.435866521508459],
    ],
    b: &[0.30880996997674653, 1.4905633884217806, -1.2352398799069861, 0.435866521508459],
    c: &[0.0, 0.871733043016918, 1.0, 1.0],
    embedded: Some(Embedded {
        order: 2,
        b: &[0.49056338842178054, 0.07357009006976042, 0.435866521508459, 0.0],
    }),
};

/// The method of order 4(3) of Hairer and Wanner (1996).
pub const L_STABLE_SDIRK_4: Tableau = Tableau {
    names: &["l_stable_sdirk_4"],
    order: 4,
    a: &[
        &[1.0 / 4.0],
        &[1.0 / 2.0, 1.0 / 4.0],
        &[17.0 / 50.0, -1.0 / 25.0, 1.0 / 4.0],
        &[371.0 / 1360.0, -137.0 / 2720.0, 15.0 / 544.0, 1.0 / 4.0],
        &[25.0 / 24.0, -49.0 / 48.0, 125.0 / 16.0, -85.0 / 12.0, 1.0 / 4.0],
    ],
    b: &[25.0 / 24.0, -49.0 / 48.0, 125.0 / 16.0, -85.0 / 12.0, 1.0 / 4.0],
    c: &[1.0 / 4.0, 3.0 / 4.0, 11.0 / 20.0, 1.0 / 2.0, 1.0],
    embedded: Some(Embedded {
        order: 3,
        b: &[59.0 / 48.0, -17.0 / 96.0, 225.0 / 32.0, -85.0 / 12.0, 0.0],
    }),
};

/// The method of order 5(4) of Kvaerno (2004).
pub const KVAERNO5: Tableau = Tableau {
    names: &["kvaerno5"],
    order: 5,
    a: &[
        &[0.0],
        &[0.26, 0.26],
        &[0.13, 0.8403332099679081, 0.26],
        &[0.22371961478320504, 0.476755323197997, -0.06470895363112615, 0.26],
        &[0.16648564323248322, 0.1045001884159172, 0.03631482272098715, -0.13090704451073998, 0.26],
        &[
            0.13855640231268224,
            0.0,
            -0.04245337201752043,
            0.02446657898003141,
            0.6194303907248068,
            0.26,
        ],
        &[
            0.13659751177640292,
            0.0,
            -0.05496908796538376,
            -0.04118626728321046,
            0.629933048990164,
            0.06962479448202728,
            0.26,
        ],
    ],
    b: &[
        0.13659751177640292,
        0.0,
        -0.05496908796538376,
        -0.04118626728321046,
        0.629933048990164,
        0.06962479448202728,
        0.26,
    ],
    c: &[0.0, 0.52, 1.230333209967908, 0.895765984350076, 0.436393609858648, 1.0, 1.0],
    embedded: Some(Embedded {
        order: 4,
        b: &[
            0.13855640231268224,
            0.0,
            -0.04245337201752043,
            0.02446657898003141,
            0.6194303907248068,
            0.26,
            0.0,
        ],
    }),
};

/// All diagonally implicit methods.
pub const IMPLICIT: [Tableau; 7] = [
    IMPLICIT_MIDPOINT,
    TRAPEZOIDAL_DIRK,
    SDIRK_2_2,
    L_STABLE_DIRK_3,
    KVAERNO3,
    L_STABLE_SDIRK_4,
    KVAERNO5,
];
