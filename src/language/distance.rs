//! How far one sequence is from another.
//!
//! Pure. In: two sequences. Out: a count. Memory: one row. Source: Levenshtein 1966, by dynamic programming.

/// Least number of items that are replaced, put in or left out to make one of the other.
pub fn levenshtein<T: PartialEq>(one: &[T], other: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, item) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, second) in other.iter().enumerate() {
            let changed = diagonal + usize::from(item != second);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
