//! Which links in a path are followed: one algorithm for the real host and for one in memory, so that check mode foretells
//! what a run refuses.
//!
//! A user who can put a link into a path must not redirect another user's changes, least of all root's. A link has the
//! rank of its owner, or of the owner of the directory that holds it if that is neither root nor the acting user: who
//! owns a directory may put anything into it. In a directory that others may write without the sticky bit, a link is
//! nobody's. Links of root and of the acting user are followed. One of another user is followed only if the directory
//! that it leads to, and each below it down to the one that is walked to, belong to that user, who then can reach
//! nothing by it that was not theirs. Real directories pass.

use super::{Account, Attrs};
use crate::sys::SysError;
use hep_protocol::value::AbsPath;
use std::collections::VecDeque;

/// Links in one path before it counts as going in circles (`MAXSYMLINKS` of path_resolution(7)).
const MAX_LINKS: usize = 40;

/// A tree of files that can be walked: the real one by descriptors, or one in memory.
pub(crate) trait Tree {
    /// A directory. The real one is held open: whoever renames it meanwhile changes nothing for the walk.
    type Dir;
    /// Why a look failed.
    type Error;

    /// The root directory.
    fn top(&self) -> Result<Self::Dir, Self::Error>;

    /// What a name in a directory is, not followed.
    fn meet(&self, dir: &Self::Dir, name: &str) -> Result<Met<Self::Dir>, Self::Error>;

    /// Owner, group and mode of a directory.
    fn attrs(&self, dir: &Self::Dir) -> Result<Attrs, Self::Error>;

    /// The user whose rights are used.
    fn acting(&self) -> u32;
}

/// What a name is.
pub(crate) enum Met<D> {
    Directory(D),
    Link(Link),
    /// Anything else, through which no way leads.
    Other,
    Nothing,
}

/// A link that was met.
pub(crate) struct Link {
    /// Its text.
    pub(crate) text: String,
    /// Its owner.
    pub(crate) owner: Account,
    /// Whether the kernel leads on from it by itself, whatever its text says (proc(5)).
    pub(crate) is_magic: bool,
}

/// What a path is walked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// A directory, through links to its very end.
    Directory,
    /// Whatever is there, or may be made there, through links to its very end.
    Anything,
}

/// Where a walk ended.
pub(crate) struct Walked<D> {
    /// The directory that was walked to, or the one that holds what was walked to.
    pub(crate) dir: D,
    /// Where, by a path without links.
    pub(crate) way: Way,
}

/// A path without links, and what the links on the way to it ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    /// The path.
    pub(crate) path: AbsPath,
    /// Other users whose links were followed: each directory from here on has to be theirs.
    pub(crate) bounds: Vec<Bound>,
}

/// A link of another user that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    link: Followed,
    /// How many links were being followed when this one had led to its end: directories met in following more of them are
    /// on the way to another end.
    depth: usize,
}

/// A link by its path, and whose it counts as.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Followed {
    path: AbsPath,
    owner: Account,
    rank: Rank,
}

/// The user a link is attributed to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rank {
    /// Root's or the acting user's.
    Trusted,
    /// Another user's.
    Of(Account),
    /// Of whoever may write to its directory.
    Nobody,
    /// The kernel's, which does not lead where its text says.
    Kernel,
}

/// Why a walk did not come to its end.
#[derive(Debug)]
pub(crate) enum Stop<E> {
    /// No way leads to its end.
    Lost(Obstacle),
    /// A link on the way is not followed.
    Refused(Box<Refused>),
    /// A look failed.
    Failed(E),
}

/// Why no way leads to the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// Something in the path is not there.
    Missing,
    /// Something in the path is no directory.
    NoDirectory,
    /// Links in the path go in circles.
    Circle,
    /// With its links followed, the path is longer than paths can be.
    TooLong,
}

/// A link that is not followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    link: Followed,
    /// The directory that it leads to, or that lies below that, and whose it is.
    leads: AbsPath,
    belongs: Account,
    /// The path that means the same without links; none where only the kernel knows.
    instead: Option<AbsPath>,
}

impl Refused {
    /// The same for something further down.
    pub(crate) fn below(mut self, components: &[&str]) -> Self {
        let longer = |path: AbsPath| path.join(&components.join("/")).ok();
        self.instead = self.instead.and_then(longer);
        self
    }

    /// In words: the link, its owner, and the path to write instead.
    pub(crate) fn error(&self, name: impl Fn(u32) -> Option<String>) -> SysError {
        let called = |account: &Account| match account {
            Account::Number(number) => name(*number).unwrap_or_else(|| number.to_string()),
            Account::Expected(name) => name.clone(),
        };
        let (link, leads) = (&self.link.path, &self.leads);
        let (owner, belongs) = (called(&self.link.owner), called(&self.belongs));
        let what = match &self.link.rank {
            Rank::Of(user) if *user == self.link.owner => format!(
                "the link {link} of {owner} is not followed: it leads to {leads}, which belongs to {belongs}"
            ),
            Rank::Of(user) => format!(
                "the link {link} of {owner}, in a directory of {}, is not followed: it leads to {leads}, which belongs to {belongs}",
                called(user)
            ),
            Rank::Nobody => format!(
                "the link {link} of {owner} is not followed: others may write to its directory, so anybody may have made it"
            ),
            Rank::Kernel | Rank::Trusted => format!(
                "the link {link} of {owner} is not followed: it is one of the kernel's, which lead to what a process has open"
            ),
        };
        match &self.instead {
            Some(path) => {
                SysError::new(what).hint(format!("write `{path}` if that is what is meant"))
            }
            None => SysError::new(what).hint("write the path that is meant, without the link"),
        }
    }
}

impl Way {
    /// Whether a directory below may belong to that user; if not, the link that forbids it.
    pub(crate) fn allows(&self, below: &AbsPath, owner: &Account) -> Result<(), Box<Refused>> {
        let foreign = |bound: &&Bound| bound.link.rank != Rank::Of(owner.clone());
        match self.bounds.iter().find(foreign) {
            Some(bound) => Err(Box::new(Refused {
                link: bound.link.clone(),
                leads: below.clone(),
                belongs: owner.clone(),
                instead: Some(below.clone()),
            })),
            None => Ok(()),
        }
    }
}

/// Walks to what a path means.
pub(crate) fn walk<T: Tree>(
    tree: &T,
    path: &AbsPath,
    end: End,
) -> Result<Walked<T::Dir>, Stop<T::Error>> {
    Walk::to(tree, path, end)?.ended()
}

/// The path without links of a directory, if nobody but root and the acting user can exchange it or any directory above:
/// then it leads there by name too.
pub(crate) fn guarded<T: Tree>(
    tree: &T,
    path: &AbsPath,
) -> Result<Option<AbsPath>, Stop<T::Error>> {
    let walk = Walk::to(tree, path, End::Directory)?;
    for dir in std::iter::once(&walk.top).chain(walk.stack.iter().map(|(_, dir)| dir)) {
        let attrs = tree.attrs(dir).map_err(Stop::Failed)?;
        if !is_trusted(&attrs.owner, tree.acting()) || is_open(&attrs) {
            return Ok(None);
        }
    }
    walk.path().map(Some)
}

/// What is still to be walked.
enum Part {
    Name(String),
    /// Here a link has led to its end.
    End(Followed),
}

impl Part {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::End(_) => None,
        }
    }
}

struct Walk<'t, T: Tree> {
    tree: &'t T,
    end: End,
    top: T::Dir,
    /// The directories below the top that lead to where the walk is.
    stack: Vec<(String, T::Dir)>,
    rest: VecDeque<Part>,
    /// What the walk ends at, if that is no directory.
    leaf: Option<String>,
    bounds: Vec<Bound>,
    /// How many links are being followed.
    depth: usize,
    links: usize,
}

impl<'t, T: Tree> Walk<'t, T> {
    fn to(tree: &'t T, path: &AbsPath, end: End) -> Result<Self, Stop<T::Error>> {
        let mut walk = Self {
            tree,
            end,
            top: tree.top().map_err(Stop::Failed)?,
            stack: Vec::new(),
            rest: parts(path.as_str()).map(Part::Name).collect(),
            leaf: None,
            bounds: Vec::new(),
            depth: 0,
            links: 0,
        };
        while let Some(part) = walk.rest.pop_front() {
            match part {
                Part::Name(name) => walk.name(name)?,
                Part::End(link) => walk.arrive(link)?,
            }
        }
        Ok(walk)
    }

    fn name(&mut self, name: String) -> Result<(), Stop<T::Error>> {
        if self.leaf.is_some() {
            return Err(Stop::Lost(Obstacle::NoDirectory));
        }
        if name == ".." {
            self.stack.pop();
            return self.keep_to_bounds();
        }
        let is_last = self.rest.iter().all(|part| part.name().is_none());
        let may_be_anything = self.end == End::Anything && is_last;
        match self.tree.meet(self.here(), &name).map_err(Stop::Failed)? {
            Met::Directory(dir) => {
                self.stack.push((name, dir));
                self.keep_to_bounds()
            }
            Met::Link(link) => self.follow(&name, link),
            Met::Other | Met::Nothing if may_be_anything => {
                self.leaf = Some(name);
                Ok(())
            }
            Met::Other => Err(Stop::Lost(Obstacle::NoDirectory)),
            Met::Nothing => Err(Stop::Lost(Obstacle::Missing)),
        }
    }

    fn follow(&mut self, name: &str, link: Link) -> Result<(), Stop<T::Error>> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Stop::Lost(Obstacle::Circle));
        }
        let holder = self.attrs()?;
        let path = self.path()?.join(name).map_err(|_| Stop::Lost(Obstacle::TooLong))?;
        let rank = if link.is_magic { Rank::Kernel } else { self.rank(&link.owner, &holder) };
        let followed = Followed { path: path.clone(), owner: link.owner, rank };
        if link.is_magic {
            let (leads, belongs) = (path, holder.owner);
            return Err(Stop::Refused(Box::new(Refused {
                link: followed,
                leads,
                belongs,
                instead: None,
            })));
        }
        if link.text.starts_with('/') {
            self.stack.clear();
        }
        self.depth += 1;
        self.rest.push_front(Part::End(followed));
        let names: Vec<Part> = parts(&link.text).map(Part::Name).collect();
        names.into_iter().rev().for_each(|name| self.rest.push_front(name));
        Ok(())
    }

    /// A link has led here.
    fn arrive(&mut self, link: Followed) -> Result<(), Stop<T::Error>> {
        self.depth -= 1;
        match &link.rank {
            Rank::Trusted => {}
            Rank::Of(_) => self.bounds.push(Bound { link, depth: self.depth }),
            Rank::Nobody | Rank::Kernel => {
                let belongs = self.attrs()?.owner;
                return Err(self.refused(link, belongs)?);
            }
        }
        self.keep_to_bounds()
    }

    /// Whether the directory that was come to is theirs by whose links it was.
    fn keep_to_bounds(&self) -> Result<(), Stop<T::Error>> {
        if self.bounds.iter().all(|bound| bound.depth < self.depth) {
            return Ok(());
        }
        let owner = self.attrs()?.owner;
        let holds = |bound: &&Bound| bound.depth >= self.depth;
        let foreign = |bound: &&Bound| bound.link.rank != Rank::Of(owner.clone());
        match self.bounds.iter().filter(holds).find(foreign) {
            Some(bound) => Err(self.refused(bound.link.clone(), owner)?),
            None => Ok(()),
        }
    }

    fn refused(&self, link: Followed, belongs: Account) -> Result<Stop<T::Error>, Stop<T::Error>> {
        let leads = self.path()?;
        let rest = self.leaf.as_deref().into_iter().chain(self.rest.iter().filter_map(Part::name));
        let instead = leads.join(&rest.collect::<Vec<_>>().join("/")).ok();
        Ok(Stop::Refused(Box::new(Refused { link, leads, belongs, instead })))
    }

    fn rank(&self, owner: &Account, holder: &Attrs) -> Rank {
        let acting = self.tree.acting();
        if is_open(holder) {
            return Rank::Nobody;
        }
        let of = if is_trusted(&holder.owner, acting) { owner } else { &holder.owner };
        if is_trusted(of, acting) { Rank::Trusted } else { Rank::Of(of.clone()) }
    }

    fn here(&self) -> &T::Dir {
        self.stack.last().map_or(&self.top, |(_, dir)| dir)
    }

    fn attrs(&self) -> Result<Attrs, Stop<T::Error>> {
        self.tree.attrs(self.here()).map_err(Stop::Failed)
    }

    /// The path of the directory where the walk is.
    fn path(&self) -> Result<AbsPath, Stop<T::Error>> {
        let names: Vec<&str> = self.stack.iter().map(|(name, _)| name.as_str()).collect();
        AbsPath::root().join(&names.join("/")).map_err(|_| Stop::Lost(Obstacle::TooLong))
    }

    fn ended(mut self) -> Result<Walked<T::Dir>, Stop<T::Error>> {
        let here = self.path()?;
        let path = here.join(self.leaf.as_deref().unwrap_or_default());
        let path = path.map_err(|_| Stop::Lost(Obstacle::TooLong))?;
        let dir = self.stack.pop().map_or(self.top, |(_, dir)| dir);
        Ok(Walked { dir, way: Way { path, bounds: self.bounds } })
    }
}

/// Whether nobody but root and the acting user can put anything into a directory, not even where the sticky bit keeps them
/// from taking anything away.
pub(crate) fn is_closed(holder: &Attrs, acting: u32) -> bool {
    is_trusted(&holder.owner, acting) && holder.mode.0 & 0o022 == 0
}

/// Whether others may remove and rename what is in a directory. The mode's group bits count the rights of an ACL too (acl(5)).
fn is_open(holder: &Attrs) -> bool {
    holder.mode.0 & 0o022 != 0 && holder.mode.0 & 0o1000 == 0
}

fn is_trusted(user: &Account, acting: u32) -> bool {
    matches!(user, Account::Number(number) if *number == 0 || *number == acting)
}

fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned)
}

#[cfg(test)]
pub(crate) mod tests;
