//! Rules that are asserted in constants, with their numbers.

use crate::entry::BufferEntry;

/// Text that a constant can build: `panic!` formats nothing else there.
struct Text {
    bytes: [u8; Text::CAPACITY],
    length: usize,
}

impl Text {
    const CAPACITY: usize = 512;

    const fn new() -> Self {
        Self { bytes: [0; Self::CAPACITY], length: 0 }
    }

    /// Appends `text`, as far as there is room.
    const fn str(mut self, text: &str) -> Self {
        let mut rest = text.as_bytes();
        while let Some((byte, tail)) = rest.split_first() {
            self = self.byte(*byte);
            rest = tail;
        }
        self
    }

    const fn number(mut self, value: i128) -> Self {
        let mut unit = 1;
        while value.unsigned_abs() / unit > 9 {
            unit *= 10;
        }
        if value < 0 {
            self = self.byte(b'-');
        }
        while unit > 0 {
            self = self.byte(b'0' + (value.unsigned_abs() / unit % 10) as u8);
            unit /= 10;
        }
        self
    }

    const fn byte(mut self, byte: u8) -> Self {
        if let Some((_, room)) = self.bytes.split_at_mut_checked(self.length)
            && let Some((first, _)) = room.split_first_mut()
        {
            *first = byte;
            self.length += 1;
        }
        self
    }

    const fn as_str(&self) -> &str {
        let (written, _) = self.bytes.split_at(self.length);
        match std::str::from_utf8(written) {
            Ok(text) => text,
            // Names are ASCII, so this is where the text was cut.
            Err(_) => "a rule of this declaration is broken",
        }
    }
}

/// SB010: an alias lies inside its parent. Returns what the parent's aliases take with it.
#[track_caller]
pub const fn fit(alias: &str, parent: &str, taken: usize, needs: usize, holds: usize) -> usize {
    match taken.checked_add(needs) {
        Some(sum) if sum <= holds => sum,
        _ => fail(
            Text::new()
                .str("buffer `")
                .str(alias)
                .str("` does not fit inside `")
                .str(parent)
                .str("` [SB010]: `")
                .str(parent)
                .str("` holds ")
                .number(holds as i128)
                .str(", earlier aliases take ")
                .number(taken as i128)
                .str(", which leaves ")
                .number(holds.saturating_sub(taken) as i128)
                .str("; `")
                .str(alias)
                .str("` needs ")
                .number(needs as i128),
        ),
    }
}

/// What a parent's aliases take with one more that gets storage of its own where it does not fit.
pub const fn fit_or_own(taken: usize, needs: usize, holds: usize) -> usize {
    match taken.checked_add(needs) {
        Some(sum) if sum <= holds => sum,
        _ => taken,
    }
}

/// SB012: the bytes of a buffer can be counted on every target.
#[track_caller]
pub const fn assert_size(buffer: &str, size: usize) {
    if size > BufferEntry::MAX_SIZE {
        fail(
            Text::new()
                .str("the size of buffer `")
                .str(buffer)
                .str("` overflows [SB012]: it is ")
                .number(size as i128)
                .str(", and a size is at most ")
                .number(BufferEntry::MAX_SIZE as i128)
                .str(" elements"),
        );
    }
}

/// SB012: a const parameter lies within its bounds.
#[track_caller]
pub const fn assert_bound(
    variable: &str,
    value: i128,
    least: i128,
    most: Option<i128>,
    bound: &str,
) {
    if value < least || matches!(most, Some(most) if value > most) {
        fail(
            Text::new()
                .str("`")
                .str(variable)
                .str("` is ")
                .number(value)
                .str(", but `vars` asks for ")
                .str(bound)
                .str(" [SB012]"),
        );
    }
}

#[track_caller]
#[allow(clippy::panic)] // The only way for a constant to say what is wrong.
const fn fail(text: Text) -> ! {
    panic!("{}", text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_written_as_given() {
        let text = Text::new().str("a ").number(-120).str(" b ").number(0);
        assert_eq!(text.as_str(), "a -120 b 0");
        assert_eq!(Text::new().number(i128::MIN).as_str(), i128::MIN.to_string());
        assert_eq!(Text::new().number(i128::MAX).as_str(), i128::MAX.to_string());
    }

    #[test]
    fn text_without_room_is_cut() {
        let text = Text::new().str(&"x".repeat(Text::CAPACITY + 7));
        assert_eq!(text.as_str().len(), Text::CAPACITY);
    }

    #[test]
    fn an_alias_that_fits_takes_its_place() {
        assert_eq!(fit("a", "p", 30, 20, 50), 50);
        assert_eq!(fit_or_own(30, 20, 50), 50);
        assert_eq!(fit_or_own(30, 21, 50), 30);
        assert_eq!(fit_or_own(usize::MAX, 1, usize::MAX), usize::MAX);
    }

    #[test]
    #[should_panic(
        expected = "buffer `a` does not fit inside `p` [SB010]: `p` holds 50, earlier aliases take 30, which leaves 20; `a` needs 21"
    )]
    fn an_alias_that_does_not_fit_says_the_numbers() {
        let _ = fit("a", "p", 30, 21, 50);
    }

    #[test]
    #[should_panic(
        expected = "the size of buffer `a` overflows [SB012]: it is 18014398509481984, and a size is at most 18014398509481983 elements"
    )]
    fn a_size_above_the_limit_says_the_limit() {
        assert_size("a", BufferEntry::MAX_SIZE);
        assert_size("a", BufferEntry::MAX_SIZE + 1);
    }

    #[test]
    #[should_panic(expected = "`N` is 0, but `vars` asks for N >= 1 [SB012]")]
    fn a_parameter_outside_its_bounds_says_the_bound() {
        assert_bound("N", 0, 1, None, "N >= 1");
    }
}
