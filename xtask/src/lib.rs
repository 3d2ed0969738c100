//! The examples of the book's page on embedding, compiled and run as doc tests.

#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
struct Embedding;
