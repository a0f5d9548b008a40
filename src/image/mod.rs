//! Links to images in every markup, with exact ranges; and the images behind them, read within
//! the workspace, recognised by content and made ready for a model.

mod check;
mod format;
mod ground;
mod hints;
mod language;
mod links;
mod load;
mod scale;
mod svg;
mod target;

pub use check::{Finding, Problem, check, lacking_alt};
pub use format::Format;
pub use hints::Hints;
pub use language::Languages;
pub use links::{Alt, ImageLink, Markup, as_decorative, links, with_alt};
pub use load::{Facts, LoadError, Loaded, MAX_PIXELS, Prepared, facts, identify, load, load_bytes};
pub use scale::{MAX_PREPARED_PIXELS, fit};
pub use target::{MAX_FILE_BYTES, Target, TargetError, named, resolve, resolve_with};
