//! The user that tasks run as: what the keys `become`, `become_user` and `become_method` say, from the outside to the
//! inside.

use super::{Piece, Spot};
use hep_protocol::rights::{ActAs, Method};
use hep_protocol::value::Json;

/// The keys, as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    pub(crate) wanted: Option<Piece>,
    pub(crate) user: Option<Piece>,
    pub(crate) method: Option<(Method, Spot)>,
}

/// The user that a task's own keys name although no key around it sets `become`.
pub(crate) fn idle_user<'r>(own: &'r Rights, all: &Rights, usual: &ActAs) -> Option<&'r Piece> {
    own.user.as_ref().filter(|_| all.wanted.is_none() && usual.wanted.is_none())
}

impl Rights {
    /// What holds inside of something that says these.
    pub(crate) fn within(&self, outer: &Rights) -> Rights {
        Rights {
            wanted: self.wanted.clone().or_else(|| outer.wanted.clone()),
            user: self.user.clone().or_else(|| outer.user.clone()),
            method: self.method.clone().or_else(|| outer.method.clone()),
        }
    }

    /// As it travels; `usual` is what the command line says.
    pub(crate) fn act_as(&self, usual: &ActAs) -> ActAs {
        let value = |piece: &Option<Piece>| piece.as_ref().map(|piece| Json(piece.node.to_json()));
        ActAs {
            wanted: value(&self.wanted).or_else(|| usual.wanted.clone()),
            user: value(&self.user).or_else(|| usual.user.clone()),
        }
    }
}
