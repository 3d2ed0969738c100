//! The examples of the book's page on embedding, compiled and run as doc tests.

#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
struct Embedding;

#[cfg(test)]
mod tests {
    /// The table of crates stands in several pages, in the same words.
    #[test]
    fn all_pages_have_the_same_table_of_crates() {
        let table = include_str!("../../crates/inferguard/src/which_crate.md");
        for (name, page) in [
            ("README.md", include_str!("../../README.md")),
            ("docs/embedding.md", include_str!("../../docs/embedding.md")),
            ("crates/inferguard/README.md", include_str!("../../crates/inferguard/README.md")),
        ] {
            assert!(page.contains(table), "{name} has another table than which_crate.md");
        }
    }
}
