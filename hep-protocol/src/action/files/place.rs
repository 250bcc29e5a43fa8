//! Where a change is made.

use crate::value::AbsPath;
use serde::{Serialize, Serializer};

/// A path to change, and how far links in it are trusted. Told as the path.
///
/// Links in `root`, which the operator wrote, are followed as far as they are trusted. Below it no link is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    root: AbsPath,
    path: AbsPath,
}

impl Place {
    /// A path by itself: all its parents are as the operator wrote them.
    #[must_use]
    pub fn of(path: AbsPath) -> Self {
        Self { root: path.parent().unwrap_or_else(AbsPath::root), path }
    }

    /// Something below a directory that is worked on as a whole.
    #[must_use]
    pub fn below(root: AbsPath, path: AbsPath) -> Self {
        Self { root, path }
    }

    /// The directory whose path may lead through links.
    #[must_use]
    pub fn root(&self) -> &AbsPath {
        &self.root
    }

    /// The whole path.
    #[must_use]
    pub fn path(&self) -> &AbsPath {
        &self.path
    }

    /// Whether another place lies in the same directory, by the same way.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        let above =
            |place: &Self| place.path.as_str().rsplit_once('/').map(|(above, _)| above.len());
        let (one, two) = (self.path.as_str(), other.path.as_str());
        let same = above(self) == above(other)
            && above(self).is_some_and(|n| one.get(..n) == two.get(..n));
        // The root itself has nothing beside it.
        same && self.root == other.root && self.path != self.root && other.path != other.root
    }

    /// Its last component; `.` for the root itself.
    #[must_use]
    pub fn name(&self) -> &str {
        self.components().pop().unwrap_or(".")
    }

    /// The components below the root; none for the root itself.
    #[must_use]
    pub fn components(&self) -> Vec<&str> {
        let below = self.path.as_str().strip_prefix(self.root.as_str()).unwrap_or_default();
        below.split('/').filter(|part| !part.is_empty()).collect()
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.path.serialize(to)
    }
}
