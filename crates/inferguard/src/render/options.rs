//! How a report is rendered for a terminal.

/// How a report is rendered as text.
///
/// ```
/// use inferguard::render::RenderOptions;
///
/// let options = RenderOptions::default().with_width(100).with_all(true);
/// assert!(!options.color);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RenderOptions {
    /// Columns that lines may take; less than 60 is taken as 60, more than 160 as 160.
    pub width: usize,
    /// Everything with its reason, where a report has a short form. Without it what is needed to
    /// act is shown.
    pub all: bool,
    /// Styles as ANSI escape codes; plain text without.
    pub color: bool,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { width: 80, all: false, color: false }
    }
}

impl RenderOptions {
    /// These options with another width.
    #[must_use]
    pub fn with_width(mut self, width: usize) -> Self {
        self.width = width;
        self
    }

    /// These options with [`RenderOptions::all`].
    #[must_use]
    pub fn with_all(mut self, all: bool) -> Self {
        self.all = all;
        self
    }

    /// These options with [`RenderOptions::color`].
    #[must_use]
    pub fn with_color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }
}
